// Runs the three jobs, each at its interval.
#pragma once

#include <memory>

#include "muster/clock.h"
#include "muster/registry.h"

namespace muster {

class Executor;

/// Runs each job one interval after its last run began; a run that takes longer ends first. Intervals are
/// read again all the time, so new settings take effect at once. An interval begins on the listening clock:
/// even if the daemon restarts more often than a job is due, the job runs.
///
/// The log says what runs did, that runs failed, and that pacing is at its limit.
class ScheduledJobs {
 public:
  /// All three must outlive the tasks of the executor.
  ScheduledJobs(Registry& registry, const Clock& clock, Executor& executor);
  /// Stops the jobs first.
  ~ScheduledJobs();

  /// Call it after Registry::Start. Precondition: called once.
  void Start();
  /// No run begins after this; a run that is under way goes on. Thread-safe.
  void Stop();

 private:
  class Schedule;
  const std::shared_ptr<Schedule> schedule_;  // shared with its timers, which may fire once more
};

}  // namespace muster

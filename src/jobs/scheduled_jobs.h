// The three jobs, each run by the clock at its interval.
#pragma once

#include <memory>

#include "muster/clock.h"
#include "muster/registry.h"

namespace muster {

class Executor;

/// Runs each job one interval after its last run began; a run that takes longer is let finish first.
/// Intervals are read anew all the time, so new settings take effect at once. An interval begins on the
/// listening clock: a daemon that is restarted more often than a job is due still comes to run it.
///
/// What runs did, that they failed, and that pacing is at its limit, goes to the log.
class ScheduledJobs {
 public:
  /// All three must outlive the tasks of the executor.
  ScheduledJobs(Registry& registry, const Clock& clock, Executor& executor);
  /// Stops first.
  ~ScheduledJobs();

  /// After the roll's. Precondition: called once.
  void Start();
  /// No run begins after this; one that is under way goes on. Thread-safe.
  void Stop();

 private:
  class Schedule;
  const std::shared_ptr<Schedule> schedule_;  // shared with its timers, which may fire once more
};

}  // namespace muster

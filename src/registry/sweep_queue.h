// The runs of jobs that wait, and the run that is under way.
//
// There is one run at a time, in the order of the requests, so two runs never overlap. A run is one job, or
// all of them in order. The writer carries it out step by step. Each step has its own transaction, and
// batches of commands come between steps: so a million moves do not delay the commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/sweeps.h"

namespace muster {

class WriteTx;

/// Used by the writer only; not thread-safe.
class SweepQueue {
 public:
  /// A step moves at most so many workers.
  static constexpr int kStepLimit = 1'000;

  using Done = absl::AnyInvocable<void(Result<std::vector<SweepReport>>)>;

  /// Precondition: at least one job.
  void Add(std::vector<Job> jobs, Done done);
  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return runs_.size(); }

  /// Stages the next step of the current run. Then the writer commits, and calls StepCommitted or
  /// StepFailed. Precondition: not empty.
  Outcome Step(WriteTx& tx, const SweepMoment& now, const Settings& settings);

  /// Whether the step that was staged last ends the run. Precondition: not empty.
  bool RunEnds() const;

  /// What a committed step did.
  struct Progress {
    Job job;
    std::int64_t moved = 0;
    std::vector<std::string> ids;  // as many as the report names
    absl::Duration worst_latency;
    std::int64_t false_offlines = 0;
  };
  /// Calls `done` if that completes the run. Precondition: a step was staged.
  Progress StepCommitted();
  /// The step was not committed, because another daemon's run is under way. Forgets what the sweep decided,
  /// so that the next step starts it again. False if steps of the sweep are already committed: then the run
  /// must fail.
  bool StartSweepAnew();
  /// Ends the run with the error. Precondition: not empty.
  void StepFailed(const WorkerError& error);
  /// Ends all runs with the error.
  void Abandon(const WorkerError& error);

 private:
  struct Run {
    std::vector<Job> jobs;  // what is left to do, last first
    Done done;
    std::unique_ptr<Sweep> sweep;      // of the job at the back
    bool complete = false;             // the sweep, once its step is committed
    SweepReport committed;             // what the steps of the sweep have done so far, without the names
    std::size_t named = 0;             // how many names the committed steps reported
    std::int64_t steps_committed = 0;  // of the sweep
    std::vector<SweepReport> reports;
  };

  std::deque<Run> runs_;
};

}  // namespace muster

// The runs of jobs that wait, and the one that is under way.
//
// One run at a time, in the order in which they were asked for, so two runs never overlap. A run is one job,
// or all of them in order. The writer takes it a step at a time, each in a transaction of its own, with
// batches of commands between: a million moves hold nobody up.
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

/// The writer's; not thread-safe.
class SweepQueue {
 public:
  /// Workers that one step moves at most.
  static constexpr int kStepLimit = 1'000;

  using Done = absl::AnyInvocable<void(Result<std::vector<SweepReport>>)>;

  /// Precondition: at least one job.
  void Add(std::vector<Job> jobs, Done done);
  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return runs_.size(); }

  /// Stages the next step of the run under way. Then the writer commits, and calls StepCommitted or
  /// StepFailed. Precondition: not empty.
  Outcome Step(WriteTx& tx, const Moment& now, const Settings& settings);

  /// Whether the step that was staged last ends the run. Precondition: not empty.
  bool RunEnds() const;

  /// What a committed step did.
  struct Progress {
    Job job;
    std::int64_t moved = 0;
    std::vector<std::string> ids;  // as far as the report names them
    absl::Duration worst_latency;
    std::int64_t false_offlines = 0;
  };
  /// Calls back where that completes the run. Precondition: a step was staged.
  Progress StepCommitted();
  /// The step was not committed, because another daemon's run is under way: forgets what the sweep decided,
  /// so that the next step begins it anew. False if steps of it are committed: then the run has to fail.
  bool StartSweepAnew();
  /// Ends the run with the error. Precondition: not empty.
  void StepFailed(const WorkerError& error);
  /// Ends all runs with the error.
  void Abandon(const WorkerError& error);

 private:
  struct Run {
    std::vector<Job> jobs;  // what is left to do, last first
    Done done;
    std::unique_ptr<Sweep> sweep;  // of the job at the back
    bool complete = false;         // the sweep, once its step is committed
    SweepReport committed;         // of the sweep; what its steps so far amounted to, without the names
    std::size_t named = 0;
    std::int64_t steps_committed = 0;  // of the sweep
    std::vector<SweepReport> reports;
  };

  std::deque<Run> runs_;
};

}  // namespace muster

// The one writer: everything that changes the roll passes through here, on the executor's thread.
//
// A turn reads the clocks, carries out one batch of the commands that wait, one step of the job that runs,
// and a little of the store's own work; where more is to be done it queues for another turn. A tick, a second
// or less apart, is a turn that comes by itself: it keeps the listening clock going, and stores it now and
// then where no batch does. Where daemons share the store, each has a writer; the tick is also when it takes
// its part among them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/roll.h"
#include "roll/admission.h"
#include "roll/backpressure.h"
#include "roll/command_queue.h"
#include "roll/detection_stats.h"
#include "roll/maintenance_pace.h"
#include "roll/rate_meter.h"
#include "roll/roll_clock.h"
#include "roll/settings_box.h"
#include "roll/sweep_queue.h"
#include "runtime/mutex.h"

namespace muster {

class Roll::Writer {
 public:
  Writer(std::unique_ptr<Store> store, const Clock& clock, Executor& executor, const Settings& settings);

  // Any thread.
  void Start();
  Outcome Submit(Command& command);
  std::optional<WorkerError> Refuses(std::int64_t heartbeats);
  void HoldBack() { backpressure_.Hold(); }
  void RunJobs(std::vector<Job> jobs, SweepQueue::Done done);
  void SetSettings(const Settings& settings);
  std::shared_ptr<const Settings> settings() const { return settings_box_.Get(); }
  absl::Duration AdvisedInterval() const {
    return absl::Microseconds(advised_micros_.load(std::memory_order_relaxed));
  }
  RollStatus Status() const;
  void Drain(absl::AnyInvocable<void()> drained);
  const Store& store() const { return *store_; }

 private:
  // The rest is the executor's thread's.
  void Tick();
  void Turn();
  void SayWhetherListening();
  /// Where the store is shared: takes part, and finds out whether this daemon leads.
  void Attend();
  void QueueTurn();
  /// Reads the clocks.
  void Observe();
  void AdoptSettings();
  void CarryOutBatch();
  /// Notes what it foresees in one of the two.
  bool IsHeartbeat(const Command& command);
  void CarryOut(CommandQueue::List batch, const Foresight& foresight);
  /// One try: begins, lets every command decide, commits. Returns the heartbeats recorded, or why nothing
  /// was.
  Result<std::int64_t> Decide(const CommandQueue::List& batch, const Foresight& foresight);
  void CarryOutSweepStep();
  void FailRun(const WorkerError& error);
  void StoreClockIfDue();
  void MaintainStore();
  void CountFleet();
  void FinishDraining();

  Moment BeginMoment();
  /// Commits or rolls back, and tells the listening clock.
  Outcome Commit();

  const std::unique_ptr<Store> store_;
  const Clock& clock_;
  Executor& executor_;
  SettingsBox settings_box_;
  CommandQueue queue_;
  Admission admission_;
  Backpressure backpressure_;
  std::atomic<std::int64_t> advised_micros_ = 0;

  std::shared_ptr<const Settings> settings_;  // those in force for this turn
  absl::Duration now_;                        // the monotonic clock at the start of this turn
  absl::Duration started_;
  absl::Duration last_commit_;
  absl::Duration last_attended_;
  // Why the last Attend failed. Until one works this daemon does not know what time it is on the listening
  // clock, and stamps nothing: others may have gone on without it.
  std::optional<WorkerError> unattended_;
  MaintenancePace maintenance_;
  bool turn_queued_ = false;
  bool said_listening_ = true;
  CommandQueue::List batch_waits_;
  std::int64_t done_ = 0;  // units of work, in this turn
  SweepQueue sweeps_;
  bool sweeps_wait_ = false;  // until the next tick: another daemon runs the jobs at this moment
  Foresight heartbeats_foreseen_;
  Foresight foreseen_;
  bool draining_ = false;
  std::vector<absl::AnyInvocable<void()>> drained_;

  // What Status tells; written by the writer only.
  mutable Mutex mu_;
  RollClock roll_clock_ ABSL_GUARDED_BY(mu_);
  mutable RateMeter heartbeat_rate_ ABSL_GUARDED_BY(mu_);
  std::int64_t heartbeats_ ABSL_GUARDED_BY(mu_) = 0;
  DetectionStats detection_ ABSL_GUARDED_BY(mu_);
  std::int64_t workers_ ABSL_GUARDED_BY(mu_) = 0;
  std::int64_t job_failures_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time started_at_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

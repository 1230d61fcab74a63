// The one writer: everything that changes the roll passes through it, on the executor's thread.
//
// A turn reads the clocks, carries out one batch of the waiting commands, one step of the current job, and a
// little of the store's own work. If more is to be done, it queues another turn. A tick is a turn that comes
// by itself, a second or less after the last one. Where daemons share the store, each has its own writer; the
// tick also renews its membership.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/registry.h"
#include "registry/admission.h"
#include "registry/backpressure.h"
#include "registry/command_queue.h"
#include "registry/listening.h"
#include "registry/maintenance_pace.h"
#include "registry/settings_box.h"
#include "registry/statistics.h"
#include "registry/sweep_queue.h"
#include "runtime/mutex.h"
#include "store/store.h"

namespace muster {

class Registry::Writer {
 public:
  Writer(std::unique_ptr<Store> store, const Clock& clock, Random& random, Executor& executor,
         const Settings& settings);

  // Any thread.
  void Start(std::vector<std::string> sockets, std::string boot_id);
  Outcome Submit(Command& command);
  std::optional<WorkerError> Refuses(std::int64_t heartbeats);
  void WaitIfBusy() { backpressure_.Hold(); }
  void RunJobs(std::vector<Job> jobs, SweepQueue::Done done);
  void SetSettings(const Settings& settings);
  std::shared_ptr<const Settings> settings() const { return settings_box_.Get(); }
  absl::Duration AdvisedInterval() const {
    return absl::Microseconds(advised_micros_.load(std::memory_order_relaxed));
  }
  RegistryStatus Status() const;
  RollTimeouts Timeouts() const;
  void Drain(absl::AnyInvocable<void()> drained);
  Store& store() const { return *store_; }
  Listening& listening() { return listening_; }

 private:
  // Everything below runs on the executor's thread.
  void Tick();
  void Turn();
  /// Where the store is shared: takes part, and learns whether this daemon leads.
  void RenewMembership();
  void SayWhatChanged(const Membership& membership, bool led_before);
  void QueueTurn();
  /// Reads the clocks.
  void Observe();
  void AdoptSettings();
  /// The roll must know a timeout before any worker is told it, and the one before it for as long as that may
  /// count. Cheap where nothing changes.
  void PutTimeoutInForce();
  /// The timeout that should be in force on the roll, where `kept` is.
  absl::Duration TimeoutFor(const RollTimeouts& kept) const;
  void CarryOutBatch();
  /// Adds the ids of the command to heartbeats_foreseen_ or to foreseen_.
  bool IsHeartbeat(const Command& command);
  void CarryOut(CommandQueue::List batch, const BatchKeys& keys);
  /// Whether the command must wait for rows that another program holds; else it is decided without them.
  bool PutOff(Command& command, const WriteTx& tx) const;
  void CarryOutInHalves(CommandQueue::List batch, std::ptrdiff_t commands, bool only_heartbeats);
  /// Whether a batch that staged nothing must be written all the same: a quiet daemon also stores its clock,
  /// and finds out whether its store is back.
  bool WriteIsDue();
  /// One try: begins, lets every command decide, commits. `heartbeats`: how many were recorded.
  CommitResult Decide(const CommandQueue::List& batch, const BatchKeys& keys, std::int64_t& heartbeats);
  void CarryOutSweepStep();
  void EndRun();
  void FailRun(const WorkerError& error);
  void MaintainStore();
  void CountFleet();
  void FinishDraining();

  /// When what was taken from the queue before this turn is carried out: commands are stamped with the
  /// running reading of the listening clock, sweeps judge by the proven one.
  Moment CommandMoment();
  SweepMoment StepMoment();
  absl::Time WallNow() const { return absl::FromUnixMicros(absl::ToUnixMicros(clock_.WallNow())); }
  /// Rolls back what was not committed, and tells the listening clock.
  CommitResult EndCommit(CommitResult result);
  CommitResult Commit() { return EndCommit(store_->Commit(listening_.StoredState())); }
  CommitResult CommitStep() { return EndCommit(store_->CommitStep(listening_.StoredState())); }

  const std::unique_ptr<Store> store_;
  Coordination* const coordination_;  // the store's; null where only this daemon uses the store
  const Clock& clock_;
  Random& random_;
  Executor& executor_;
  SettingsBox settings_box_;
  Listening listening_;
  CommandQueue queue_;
  Admission admission_;
  Backpressure backpressure_;
  std::atomic<std::int64_t> advised_micros_ = 0;

  std::shared_ptr<const Settings> settings_;  // the settings in force for this turn
  absl::Duration now_;                        // the monotonic clock at the start of this turn
  absl::Duration started_;
  absl::Duration last_write_;
  absl::Duration last_renewed_;
  // Why the last RenewMembership failed. Until one works, this daemon does not know the time on the
  // listening clock, because others may have moved it. So it decides nothing.
  std::optional<StoreUnavailable> membership_error_;
  MaintenancePace maintenance_;
  bool turn_queued_ = false;
  std::vector<std::string> said_differing_settings_;
  ListeningTime latest_stored_stamp_;  // no heartbeat of an earlier life has a later one
  absl::Duration longest_timeout_;     // of the daemons on a shared roll, as of the last tick
  CommandQueue::List batch_waits_;
  CommandQueue::List put_off_;  // until the next tick
  std::int64_t done_ = 0;       // units of work, in this turn
  SweepQueue sweeps_;
  bool sweeps_wait_ = false;  // until the next tick: another daemon runs the jobs now
  BatchKeys heartbeats_foreseen_;
  BatchKeys foreseen_;
  bool write_follows_ = false;  // this turn
  bool draining_ = false;
  std::vector<absl::AnyInvocable<void()>> drained_;

  // What Status reports; only the writer writes it. Nothing that may block is done under the lock, because
  // Status is called to find out whether the writer is blocked.
  mutable Mutex mu_;
  absl::Duration progress_ ABSL_GUARDED_BY(mu_);  // when a turn began or a commit ended
  mutable RateMeter heartbeat_rate_ ABSL_GUARDED_BY(mu_);
  std::int64_t heartbeats_ ABSL_GUARDED_BY(mu_) = 0;
  DetectionStats detection_ ABSL_GUARDED_BY(mu_);
  std::int64_t workers_ ABSL_GUARDED_BY(mu_) = 0;
  std::int64_t job_failures_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::string> differing_settings_ ABSL_GUARDED_BY(mu_);
  RollTimeouts timeouts_ ABSL_GUARDED_BY(mu_);
  absl::Time started_at_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

// The roll of a fleet, behind its one writer.
//
// The commands of all callers enter one queue. The writer takes what waits as a batch, applies each command
// to one transaction, commits once, and then finishes every command of the batch. While a batch commits, the
// next one gathers, so batches grow with the load by themselves. Sweeps enter the same way; each step is its
// own batch. Queries do not enter the queue: they read what is committed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/blind_times.h"
#include "muster/clock.h"
#include "muster/commands.h"
#include "muster/queries.h"
#include "muster/random.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/sweeps.h"

namespace muster {

class AnsweredProbes;
class Executor;
class Listening;
class ReadPool;
class Store;
struct RollTimeouts;

/// One thing to do to the roll. The caller owns it and keeps it alive until Finish returns; it may delete
/// itself in Finish. The writer calls all methods, one command at a time; they must not block.
class Command {
 public:
  virtual ~Command() = default;
  /// Adds the workers that the command is about, so that the store can look them up in advance.
  virtual void CollectKeys(BatchKeys& keys) const = 0;
  /// Decides, and stages changes. Keeps its answer for Finish. Where daemons share a store it may be called
  /// again, if another daemon was faster: the last call counts.
  virtual void Apply(WriteTx& tx, const Moment& now) = 0;
  /// Called once the batch is durable (null), or once it is known that nothing of it happened (the reason).
  /// If the commit failed, report that error even if the command itself was refused: its decision used
  /// uncommitted state.
  virtual void Finish(const WorkerError* not_durable) = 0;

 protected:
  /// How many heartbeats the command has; 0: it is a change. Set before Submit; the roll measures by it how
  /// much waits.
  std::int32_t heartbeats_asked_ = 0;
  /// Counted up by Apply, from 0: how many heartbeats it recorded. The roll counts them once they are
  /// durable.
  std::int32_t heartbeats_recorded_ = 0;
  /// Stages nothing, so nothing of it has to be durable. A batch of nothing else waits for the disk only now
  /// and then. Set before Submit.
  bool stages_nothing_ = false;

 private:
  friend class CommandQueue;
  friend class Registry;
  Command* next_ = nullptr;
  // Whether it waits for a worker whose row another program holds, and since when (monotonic clock).
  bool put_off_ = false;
  std::optional<absl::Duration> put_off_since_;
};

/// Reads in one lane wait for each other; reads in different lanes do not.
enum class ReadLane {
  kPoint,  // one worker and its history: quick, so it waits for 250 ms at most
  kScan,   // many workers, events, the fleet as a whole: waits for 1 s at most
};

/// The caller of a read. If the caller gives up while the read waits, the read is not carried out.
struct ReadCaller {
  /// Whether the client is gone. Called on any thread, until the query is called; unset: never gone.
  absl::AnyInvocable<bool() const> gone;
  absl::Time deadline = absl::InfiniteFuture();  // on the wall clock
};

/// Gets what to read from, or the error that refuses the read: Overloaded if it would wait too long or its
/// caller has given up; StoreUnavailable once the roll drains. Called exactly once.
using PointQuery = absl::AnyInvocable<void(Result<const PointReads*>)>;
using ScanQuery = absl::AnyInvocable<void(Result<const ScanReads*>)>;

/// What the roll knows about itself, for the fleet summary.
struct RegistryStatus {
  bool leads = false;      // among the daemons that share the roll, this one runs the scheduled jobs
  bool listening = false;  // silence counts
  std::string not_listening_because;  // for people; empty while listening
  ListeningTime clock;                // as far as it is proven
  bool store_writable = true;         // the last commit worked
  /// Why commands are not carried out now, for people: the store cannot be written, the writer has been stuck
  /// for 2 s, or the daemon does not hear itself on its sockets. Empty while commands are carried out, even
  /// if slowly, and even if no silence counts.
  std::string not_ready_because;
  BlindTimes blind = {};         // since the start
  std::int64_t blind_times = 0;  // how often the daemon stopped hearing
  std::int64_t probes_answered = 0;
  std::int64_t probes_failed = 0;
  absl::Duration last_probe_latency;  // of those that were answered
  absl::Duration worst_probe_latency;
  std::int64_t heartbeats_recorded = 0;  // durable, since the start
  double heartbeats_per_second = 0;      // over the last minute
  std::int64_t workers = 0;
  std::int64_t offline_detected = 0;
  std::int64_t false_offlines = 0;
  std::int64_t flaps = 0;
  absl::Duration worst_detection_latency;
  std::int64_t job_failures = 0;                // runs that ended with an error
  std::vector<std::string> differing_settings;  // between the daemons of a shared roll, for people
  absl::Time started_at;
};

using SchedulerReport = std::array<SweepReport, 3>;  // in the order of kAllJobs

/// Thread-safe, except for the constructor and the destructor.
class Registry {
 public:
  /// At most so many runs of jobs may wait or run; one more is Overloaded.
  static constexpr std::size_t kMaxQueuedRuns = 100;

  /// Clock, randomness and executor must outlive the roll. Call Start before anything else.
  Registry(std::unique_ptr<Store> store, const Clock& clock, Random& random, Executor& executor,
           Settings settings);
  /// Precondition: drained, or nothing was submitted; the executor runs no more of its tasks.
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Starts the listening clock. `sockets` are the names, for people, of the sockets that a Prober probes
  /// (src/registry/prober.h): one at least, in its order. `boot_id` names this boot of the machine; empty:
  /// unknown. Until a Prober feeds the clock, no silence counts, and the daemon is not ready.
  void Start(std::vector<std::string> sockets, std::string boot_id);

  /// Hands a command to the writer. On an error (Overloaded, or StoreUnavailable while draining) the command
  /// was not taken and Finish is not called. How much is admitted: src/registry/admission.h.
  Outcome Submit(Command& command);
  /// Submit for a command that deletes itself in Finish. If it is not taken, it is finished with the error.
  void SubmitOwned(std::unique_ptr<Command> command);
  /// For threads that read what clients send; call it after each Submit. Returns at once, or, where many
  /// commands wait, when the writer has taken them, after 10 ms at most. Do not call it from
  /// Command::Finish. The submitted command may be finished when it returns. Why:
  /// src/registry/backpressure.h.
  void WaitIfBusy();
  /// Whether so many heartbeats would be refused now: for a caller that must read much before it can submit
  /// them.
  std::optional<WorkerError> Refuses(std::int64_t heartbeats);

  /// Submit for commands that are not hot: calls `apply` on the writer (see Command::Apply), then `done`
  /// with its answer or the error. `worker_id` is the worker that the command is about.
  template <typename T>
  void Execute(std::string worker_id, absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)> apply,
               absl::AnyInvocable<void(Result<T>)> done);

  /// Runs one job (after the jobs that wait or run) and reports. Two runs never overlap.
  void RunJob(Job job, absl::AnyInvocable<void(Result<SweepReport>)> done);
  /// Runs all three jobs in order, without another run between them.
  void RunAllJobs(absl::AnyInvocable<void(Result<SchedulerReport>)> done);

  /// Runs a read of one thing by its key: at once on this thread where the roll is in memory, because that
  /// is never slow; else as ReadOnPool does, in the lane of point reads.
  void Read(ReadCaller caller, PointQuery query) const;
  /// Runs any read on a thread that does nothing else; a refusal comes at once on this thread. How many may
  /// wait: src/registry/read_admission.h.
  void ReadOnPool(ReadLane lane, ReadCaller caller, ScanQuery query) const;

  std::shared_ptr<const Settings> settings() const;
  /// Precondition: valid (see Validate). Takes effect with the next batch.
  void SetSettings(Settings settings);

  /// The interval for an answer now: as advised, with jitter.
  absl::Duration NextInterval();
  /// A name for a process that has none of its own: 128 bits that cannot be guessed, as 32 hexadecimal
  /// digits.
  std::string NewInstanceId();

  /// From which hosts workers are heard, for RecordHeartbeat. Only in Command::Apply.
  AddressTurns& address_turns() { return *address_turns_; }

  /// Does not wait for anything that the writer does: it also answers while the writer is stuck in a commit.
  RegistryStatus Status() const;
  /// By what silence is judged now: src/domain/told_timeouts.h.
  RollTimeouts Timeouts() const;

  // The daemon sends heartbeats of a hidden worker to its own sockets. So it knows whether workers can be
  // heard (src/registry/prober.h).

  /// The id of the hidden worker: made for each process, no legal id of a worker, and not to be guessed.
  const std::string& probe_id() const { return probe_id_; }
  /// For an id that begins like it, it takes as long whatever follows: a guess learns nothing.
  bool IsProbe(std::string_view worker_id) const {
    return !worker_id.empty() && worker_id.front() == probe_id_.front() && IsAllOfProbe(worker_id);
  }
  /// A heartbeat of the hidden worker, with `token` as its instance id. It takes the way of every heartbeat:
  /// admission, queue, batch, commit. It appears in no list, event, count or metric. `answered` is called
  /// once, on any thread: with null, or with the error that a worker would have got. A batch of nothing but
  /// probes waits for the disk only once in a while: every 5 s, or T/6 where that is shorter.
  void Probe(std::string_view token, absl::AnyInvocable<void(const WorkerError*)> answered);
  /// Whether this process answered the probe with this token with OK. True once for each token; the last 64
  /// are remembered.
  bool TakeProbe(std::string_view token);
  /// What a Prober feeds.
  Listening& listening();

  /// Refuses new commands and reads from now on. Reads that wait are refused before it returns; reads that
  /// run go on to their end, and the destructor waits for them. Commands that wait are finished, and then
  /// `drained` is called once. A job that runs ends after its current step, with an error. The executor must
  /// run until `drained` is called.
  void Drain(absl::AnyInvocable<void()> drained);
  /// Call it after Drain. Waits for the reads that run; those that still wait for a database after
  /// `patience` end with StoreUnavailable.
  void EndReads(absl::Duration patience);

 private:
  class Writer;
  bool IsAllOfProbe(std::string_view worker_id) const;

  const Clock& clock_;
  Random& random_;
  const std::unique_ptr<AddressTurns> address_turns_;
  const std::string probe_id_;
  const std::unique_ptr<AnsweredProbes> answered_probes_;
  std::unique_ptr<Writer> writer_;
  const std::unique_ptr<ReadPool> point_reads_;
  const std::unique_ptr<ReadPool> scan_reads_;
};

namespace internal {

/// A command made of two functions; deletes itself when it is finished.
template <typename T>
class FunctionCommand final : public Command {
 public:
  FunctionCommand(std::string worker_id, absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)> apply,
                  absl::AnyInvocable<void(Result<T>)> done)
      : worker_id_(std::move(worker_id)), apply_(std::move(apply)), done_(std::move(done)) {}

  void CollectKeys(BatchKeys& keys) const override {
    keys.ids.push_back(worker_id_);
    keys.only_heartbeats = false;
  }
  void Apply(WriteTx& tx, const Moment& now) override { answer_.emplace(apply_(tx, now)); }
  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<FunctionCommand> self(this);
    if (not_durable != nullptr) {
      done_(Result<T>(*not_durable));
    } else {
      done_(*std::move(answer_));
    }
  }

 private:
  const std::string worker_id_;
  absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)> apply_;
  absl::AnyInvocable<void(Result<T>)> done_;
  std::optional<Result<T>> answer_;
};

}  // namespace internal

template <typename T>
void Registry::Execute(std::string worker_id, absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)> apply,
                       absl::AnyInvocable<void(Result<T>)> done) {
  SubmitOwned(std::make_unique<internal::FunctionCommand<T>>(std::move(worker_id), std::move(apply),
                                                             std::move(done)));
}

}  // namespace muster

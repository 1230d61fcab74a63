// The port to the place where the roll is kept. Private: users of Muster see use cases, never a store.
//
// A store has one writer and any number of readers. The writer begins a transaction, and use cases stage
// changes in it. Commit makes all of them durable and then visible, or none. Readers see committed state
// only, and never wait for a commit.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/probed_clock.h"
#include "domain/told_timeouts.h"
#include "muster/check.h"
#include "muster/clock.h"
#include "muster/commands.h"
#include "muster/event.h"
#include "muster/queries.h"
#include "muster/random.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/worker.h"

namespace muster {

class Executor;

/// The mass-failure guard's hold on a region: no worker of it is called Offline before `until`.
struct RegionHold {
  std::string region;
  ListeningTime until;
};

/// How many of a region's Active workers are stale.
struct RegionSilence {
  std::string region;
  std::int64_t active = 0;
  std::int64_t silent = 0;
};

/// How much a list may return.
struct ListLimit {
  ListLimit(int max_rows) : rows(max_rows) {}  // NOLINT(google-explicit-constructor): the usual case
  ListLimit(int max_rows, std::int64_t max_bytes) : rows(max_rows), bytes(max_bytes) {}

  int rows;
  /// The list ends with the worker that brings the sum of WorkerBytes above this.
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
};

/// Reads of one thing by its key. A store that keeps the roll in memory answers them from memory, on any
/// thread: see Store::MemoryReads. Thread-safe. Every method may answer StoreUnavailable. Ids in arguments
/// are valid.
class PointReads {
 public:
  virtual ~PointReads() = default;

  virtual Result<std::optional<WorkerView>> Find(std::string_view id) const = 0;

  /// 0 if there was never an event.
  virtual Result<std::int64_t> LastCursor() const = 0;

  /// A secret of this roll, the same after a restart. Page tokens are signed with it.
  virtual std::string_view TokenKey() const = 0;
};

/// A token key for a new roll: 32 bytes that cannot be guessed.
std::string NewTokenKey(Random& random);

/// Reads that look at many workers, at the disk or at a database: they may be slow. A thread that serves
/// others never gets one of these. Registry::ReadOnPool hands them out, on threads of its own.
class ScanReads : public PointReads {
 public:
  /// The workers with id > `after_id` that match, ordered by id.
  virtual Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                               ListLimit limit) const = 0;

  /// At most `limit` kept heartbeats with ordinal < `before`, newest first. WorkerNotFound.
  virtual Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                          int limit) const = 0;

  /// At most `limit` of the newest heartbeats of each worker, newest first, in the order of `workers`. None
  /// for a worker that is no longer there. One round trip where the store is far away.
  virtual Result<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(
      std::span<const WorkerView> workers, int limit) const;

  /// At most `limit` events of `worker_id` (empty: of all). Oldest first: those with cursor > `bound`.
  /// Newest first: those with cursor < `bound`.
  virtual Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                            int limit) const = 0;

  /// Ordered by region; regions without workers are left out. The cost goes by the number of regions.
  virtual Result<std::vector<RegionTotals>> Totals() const = 0;
  virtual Result<std::vector<RegionHold>> Holds() const = 0;
};

/// One transaction of the writer: what a decision needs to ask, and what it stages. Find sees what is staged,
/// except heartbeats: the pulse of a view is the committed one. Staging never fails; Commit may.
class WriteTx {
 public:
  virtual ~WriteTx() = default;

  virtual Result<std::optional<WorkerView>> Find(std::string_view id) const = 0;

  /// How long, at least, another program has held the row of this worker in a database; Find then answers
  /// StoreUnavailable. Zero: no program holds it. Only for ids that the batch foresaw.
  virtual absl::Duration HeldFor(std::string_view /*id*/) const { return absl::ZeroDuration(); }
  /// Whether HeldFor is more than zero for any of them.
  virtual bool AnyHeld() const { return false; }

  /// A new revision, greater than all before it.
  virtual std::int64_t NextRevision() = 0;

  /// Precondition: no worker has this id. The returned view shows the inserted worker.
  virtual WorkerView Insert(Worker worker) = 0;
  /// Replaces what `view` shows; the pulse and the history stay. Precondition, here and wherever a view is
  /// given back: the view comes from this transaction.
  virtual WorkerView Update(const WorkerView& view, Worker worker) = 0;
  /// Removes the worker and its heartbeats.
  virtual void Remove(const WorkerView& view) = 0;
  /// Adds to the history and moves the pulse on.
  virtual void RecordHeartbeat(const WorkerView& view, const Moment& now,
                               std::optional<std::int32_t> in_use) = 0;
  /// The commit gives the cursors, in the order of the calls.
  virtual void Append(Event event) = 0;
  virtual void Hold(RegionHold hold) = 0;
  virtual void Release(std::string_view region) = 0;
  /// By what workers are judged from now on.
  virtual void SetTimeouts(RollTimeouts timeouts) = 0;
  /// What is committed, without a question to a database: in a transaction that holds no lock there, as of
  /// the last tick.
  virtual const RollTimeouts& Timeouts() const = 0;

  /// Heartbeats ever recorded for the worker, with those staged in this transaction. This is asked only when
  /// an instance takes an id over, so it may cost by the size of the transaction.
  virtual std::int64_t HeartbeatsRecorded(const WorkerView& view) const = 0;

  // The sweeps' questions. They are answered from what is committed. So they are asked before anything is
  // staged in the transaction, or by a step of a sweep, which stages only moves of the workers that it was
  // shown. `stale` are the ranges of references that are stale (domain/told_timeouts.h): one at least, and
  // the first begins before all references; what that means for a worker is in domain/liveness.h. Where the
  // roll is in memory, each question costs by what it returns, not by the fleet; a database looks without a
  // lock. The order is arbitrary.

  /// Pending workers that were heard since they registered: their heartbeats are more than
  /// Worker::heartbeats_before.
  virtual Result<std::vector<WorkerView>> PendingHeard(int limit) = 0;
  /// Regions with Active workers that are stale.
  virtual Result<std::vector<RegionSilence>> SilentByRegion(std::span<const ReferenceRange> stale) = 0;
  /// Active workers that are stale, in regions other than `except`.
  virtual Result<std::vector<WorkerView>> Silent(std::span<const ReferenceRange> stale,
                                                 const absl::flat_hash_set<std::string>& except,
                                                 int limit) = 0;
  /// Offline workers that were freshly heard.
  virtual Result<std::vector<WorkerView>> OfflineFresh(std::span<const ReferenceRange> stale, int limit) = 0;
  /// The regions that the guard holds.
  virtual Result<std::vector<RegionHold>> Holds() const = 0;
};

/// What became of a transaction.
struct CommitResult {
  enum class Kind : std::uint8_t {
    kCommitted,  // durable, and readers see it
    kLostRace,   // another daemon changed what the transaction had read: nothing happened, decide again
    kFailed,     // nothing happened; the next transaction may try again
    kRefused,    // nothing happened: the store refuses a value that a command brought, every time
    kInDoubt,    // all of it is durable, or nothing is: only the next start, or the database, can tell
  };

  static CommitResult Committed(std::int64_t last_cursor) { return {Kind::kCommitted, last_cursor, {}}; }
  /// There was nothing to write, so the store was not asked. It may be away.
  static CommitResult NothingToWrite(std::int64_t last_cursor) {
    return {Kind::kCommitted, last_cursor, {}, /*wrote=*/false};
  }
  static CommitResult LostRace() {
    return {Kind::kLostRace, 0, "other daemons change the same workers all the time"};
  }
  static CommitResult Failed(std::string reason) { return {Kind::kFailed, 0, std::move(reason)}; }
  static CommitResult Refused(std::string reason) { return {Kind::kRefused, 0, std::move(reason)}; }
  static CommitResult InDoubt(std::string reason) { return {Kind::kInDoubt, 0, std::move(reason)}; }

  bool committed() const { return kind == Kind::kCommitted; }
  bool lost_race() const { return kind == Kind::kLostRace; }
  bool refused() const { return kind == Kind::kRefused; }
  /// What the callers of its commands get as an error. Precondition: not committed.
  WorkerError error() const {
    MUSTER_CHECK(!committed(), "what was committed has no error");
    if (refused()) return InvalidArgument{"", reason};
    return StoreUnavailable{reason, kind == Kind::kInDoubt};
  }

  Kind kind = Kind::kFailed;
  std::int64_t cursor = 0;  // of the last event on the roll, once committed
  std::string reason;       // for people, unless committed: no path, no SQL
  bool wrote = true;        // the listening state, and what was staged
};

/// What the daemons that share the roll are told of the listening clock.
struct ListeningReport {
  ProvenState state;
  ListeningTime running;  // the leader's stamp of a heartbeat
  bool advancing = false;
  std::string because;  // why it stands still; empty while it advances
};

/// The part of a daemon in a roll that several daemons share.
struct Membership {
  /// This daemon moves the listening clock and runs the scheduled jobs; no other does.
  bool leads = true;
  /// Where another daemon leads: what the leader says of the clock. The proven reading, while it advances,
  /// and the running one are brought forward to now.
  ListeningReport heard;
  /// A daemon that took part stands still now. Said once: its workers have to find their way to another
  /// daemon.
  bool daemon_lost = false;
  /// In what the settings of the daemons on the roll differ, for people: one line for each setting. Empty
  /// where they are alike.
  std::vector<std::string> differing_settings;
  /// The longest heartbeat timeout of the daemons on the roll, this one among them.
  absl::Duration longest_timeout;
};

/// What a store that several daemons share knows of them: which are there, which one leads, and whose run of
/// jobs is under way. For the writer, on its thread, outside of transactions.
class Coordination {
 public:
  virtual ~Coordination() = default;

  /// Called at every tick, at most a second apart (`tick`). The daemon takes part, and learns what its part
  /// is. A leader says what its clock shows; the report of a follower is ignored. `settings` are those in
  /// force here. StoreUnavailable. No daemon leads before its first call says so.
  virtual Result<Membership> RenewMembership(const ListeningReport& own, const Settings& settings,
                                             absl::Duration tick) = 0;

  /// The run whose steps were begun (Store::BeginStep) is over, completed or not: other daemons may run jobs.
  /// The first step that has anything to stage claims the run.
  virtual void EndRun() = 0;
};

/// One writer and any number of readers. One thread at a time calls the methods of the writer. To destroy a
/// store closes it; nothing that was committed is lost.
class Store {
 public:
  virtual ~Store() = default;

  /// Lives as long as the store. Each of its methods sees one committed state, with one exception: a list
  /// that looks at many workers to find few lets the writer in on the way, and shows each worker as it was
  /// when the list looked at it. May block for as long as a disk or a database takes.
  virtual const ScanReads& Reader() const = 0;
  /// The same, for threads that serve others: it blocks on nothing but the lock of the model. Null where
  /// point reads have to go to a database.
  virtual const PointReads* MemoryReads() const { return nullptr; }
  /// Any thread, once, when the daemon stops. From then on reads of Reader() that would wait for a database
  /// end at once with StoreUnavailable, also those under way. The writer is not affected.
  virtual void CancelReads() {}
  /// Why nothing will be committed any more until the store is opened anew, for people; empty while it may
  /// be. Any thread; never waits. What is under way is not affected.
  virtual std::string StoppedBecause() const { return ""; }

  // The writer's.

  /// Begins a transaction, after the Commit or Rollback of the one before.
  virtual WriteTx& Begin() = 0;
  /// The same for a batch of commands. The ids of `keys` must live until it ends. Where `keys` says
  /// that there are only heartbeats, the views of the transaction may have no pulse. After a lost race the
  /// same batch is begun again.
  virtual WriteTx& BeginBatch(const BatchKeys& /*keys*/) { return Begin(); }
  /// The same for a step of a run of jobs. Where daemons share the store and the run of another daemon is
  /// under way, the step finds nothing and its Commit loses the race: runs never overlap.
  virtual WriteTx& BeginStep() { return Begin(); }

  /// Readers see something new only after kCommitted. A store that this daemon has for itself writes
  /// `listening` also where nothing was staged and the clock stands still: so the commit shows whether the
  /// store can be written.
  virtual CommitResult Commit(const ProvenState& listening) = 0;
  /// Commit for a step of a run of jobs. If the step staged nothing, this writes nothing and waits for
  /// nothing.
  virtual CommitResult CommitStep(const ProvenState& listening) = 0;
  virtual void Rollback() = 0;

  /// Whether the writer should commit heartbeats apart from changes, because a batch of only heartbeats costs
  /// much less.
  virtual bool PrefersHeartbeatsAlone() const { return false; }

  /// Null where this daemon has the store for itself.
  virtual Coordination* coordination() { return nullptr; }

  /// Background work on the thread of the writer (folding, trimming): a bounded step of about `budget`.
  /// Returns true if more work waits for now. With an infinite budget it does everything, also the work that
  /// would wait until it pays.
  virtual bool Maintain(absl::Duration budget) = 0;
  /// How much of the room for work that waits for Maintain is taken. From a half on, the writer should give
  /// it a growing part of its time; from 1 on, commands wait until Maintain has made room.
  virtual double Backlog() const { return 0; }

  /// Workers on the roll, as far as the writer knows without a question to a database.
  virtual std::int64_t WorkerCount() const = 0;
  /// As of the last commit; unset on a roll that was never written.
  virtual std::optional<ProvenState> LastListening() const = 0;
  /// As of the last commit; where daemons share the store, also as of the last tick.
  virtual const RollTimeouts& Timeouts() const = 0;
};

struct StoreOptions {
  int history = 100;                    // heartbeats kept for each worker, 1 to 1000
  std::int64_t max_events = 1'000'000;  // events kept; older ones are trimmed
  std::string holder;      // the opener's name, for the message to a second daemon: "musterd 127.0.0.1:50051"
  std::string sqlite_vfs;  // the name of the VFS through which SQLite reaches its files; empty: its own
};

/// What a store gets from outside, so that a simulation can drive the real store. All must outlive the store.
struct StoreRuntime {
  const Clock& clock;
  Random& random;
  /// Runs what would hold the writer up: SQLite moves its log into the database there.
  Executor& background;
  /// Called once, on any thread, when the disk failed in a way after which the process must start anew: an
  /// fsync failed. From then on every commit fails. Unset: the owner of the store finds out by that.
  std::function<void()> on_failed_sync = nullptr;
};

/// `spec` is "memory:", "sqlite:PATH" or "postgresql://…". Errors are for the operator: they say what is
/// wrong and what to do. If another process holds a SQLite database, the error is FAILED_PRECONDITION and
/// names the holder. A PostgreSQL database is shared.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view spec, const StoreOptions& options,
                                                 const StoreRuntime& runtime);

}  // namespace muster

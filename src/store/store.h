// The port to where the roll is kept. Private: users of Muster see use cases, never a store.
//
// A store has one writer and any number of readers. The writer begins a transaction, use cases stage changes
// in it, and Commit makes them durable and then visible, all or none. Readers see committed state only and
// never wait for a commit.
#pragma once

#include <cstdint>
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
#include "muster/check.h"
#include "muster/clock.h"
#include "muster/event.h"
#include "muster/batch_keys.h"
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

/// How many of a region's Active workers have been silent since a cutoff or longer.
struct RegionSilence {
  std::string region;
  std::int64_t active = 0;
  std::int64_t silent = 0;
};

/// What of the listening clock survives a restart; written with every commit.
struct ListeningState {
  ListeningTime now;
  absl::Duration allowance_credit;
};

/// How much a list may return.
struct ListLimit {
  ListLimit(int max_rows) : rows(max_rows) {}  // NOLINT(google-explicit-constructor): the usual case
  ListLimit(int max_rows, std::int64_t max_bytes) : rows(max_rows), bytes(max_bytes) {}

  int rows;
  /// The list ends with the first worker with which its workers together exceed this, by WorkerBytes.
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
};

/// Reads of one thing by its key. A store that keeps the roll in memory answers them from there, on any
/// thread: see Store::MemoryReads. Thread-safe. Every method may answer StoreUnavailable. Ids in arguments
/// are valid.
class PointReads {
 public:
  virtual ~PointReads() = default;

  virtual Result<std::optional<WorkerView>> Find(std::string_view id) const = 0;

  /// 0 if there never was an event.
  virtual Result<std::int64_t> LastCursor() const = 0;

  /// A secret of this roll, the same after a restart: page tokens are signed with it.
  virtual std::string_view TokenKey() const = 0;
};

/// Reads that look at many workers, at the disk or at a database: they may be slow. A thread that serves
/// others never gets one of these: Registry::ReadOnPool hands them out, on threads of its own.
class ScanReads : public PointReads {
 public:
  /// The workers that match, with id > `after_id`, ordered by id.
  virtual Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                               ListLimit limit) const = 0;

  /// At most `limit` kept heartbeats with ordinal < `before`, newest first. WorkerNotFound.
  virtual Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                          int limit) const = 0;

  /// At most `limit` of the newest heartbeats of each, newest first, in the order of `workers`; none for one
  /// that is not there any more. One round trip where the store is far away.
  virtual Result<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(
      std::span<const WorkerView> workers, int limit) const;

  /// At most `limit` events of `worker_id` (empty: of all). Oldest first: those with cursor > `bound`.
  /// Newest first: those with cursor < `bound`.
  virtual Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                            int limit) const = 0;

  /// Ordered by region; regions without workers are left out. Costs by the number of regions.
  virtual Result<std::vector<RegionTotals>> Totals() const = 0;
  virtual Result<std::vector<RegionHold>> Holds() const = 0;
};

/// One transaction of the writer: what a decision needs to ask, and what it stages. Find sees what is staged,
/// but for heartbeats: a view's pulse is the committed one. Staging never fails; Commit may.
class WriteTx {
 public:
  virtual ~WriteTx() = default;

  virtual Result<std::optional<WorkerView>> Find(std::string_view id) const = 0;

  /// How long, at least, another program has held the worker's row in a database: Find answers
  /// StoreUnavailable then. Zero: nobody does. Only for ids that the batch foresaw.
  virtual absl::Duration HeldFor(std::string_view /*id*/) const { return absl::ZeroDuration(); }
  /// Whether that is more than zero for any of them.
  virtual bool AnyHeld() const { return false; }

  /// A new revision, greater than every one before it.
  virtual std::int64_t NextRevision() = 0;

  /// Precondition: no worker of this id. The returned view is the inserted worker's.
  virtual WorkerView Insert(Worker worker) = 0;
  /// Replaces what `view` shows; the pulse and the history stay. Precondition, here and wherever a view is
  /// given back: it comes from this transaction.
  virtual WorkerView Update(const WorkerView& view, Worker worker) = 0;
  /// Removes the worker and its heartbeats.
  virtual void Remove(const WorkerView& view) = 0;
  /// Adds to the history, and moves the pulse on.
  virtual void RecordHeartbeat(const WorkerView& view, const Moment& now,
                               std::optional<std::int32_t> in_use) = 0;
  /// The cursor is given at commit, in the order of the calls.
  virtual void Append(Event event) = 0;
  virtual void Hold(RegionHold hold) = 0;
  virtual void Release(std::string_view region) = 0;

  /// Heartbeats ever recorded for the worker, with those staged in this transaction. Asked only when an id is
  /// taken over, so it may cost by the size of the transaction.
  virtual std::int64_t HeartbeatsRecorded(const WorkerView& view) const = 0;

  // The sweeps' questions, answered from what is committed: asked before anything is staged in the
  // transaction, or by a sweep's step, which stages only moves of the workers that it was shown. A worker's
  // reference is SilenceReference (domain/liveness.h). Each costs by what it returns, not by the fleet, where
  // the roll is in memory; a database looks for it without a lock. Any order.

  /// Pending workers heard since they registered: with more heartbeats than Worker::heartbeats_before.
  virtual Result<std::vector<WorkerView>> PendingHeard(int limit) = 0;
  /// Regions with Active workers whose reference is at or before `cutoff`.
  virtual Result<std::vector<RegionSilence>> SilentByRegion(ListeningTime cutoff) = 0;
  /// Active workers whose reference is at or before `cutoff`, in regions other than `except`.
  virtual Result<std::vector<WorkerView>> Silent(ListeningTime cutoff,
                                                 const absl::flat_hash_set<std::string>& except,
                                                 int limit) = 0;
  /// Offline workers whose last heartbeat is after `cutoff`.
  virtual Result<std::vector<WorkerView>> OfflineHeardAfter(ListeningTime cutoff, int limit) = 0;
  /// The regions that the guard holds.
  virtual Result<std::vector<RegionHold>> Holds() const = 0;
};

/// What became of a transaction.
struct CommitResult {
  enum class Kind : std::uint8_t {
    kCommitted,  // durable, and readers see it
    kLostRace,   // another daemon changed what the transaction had read: nothing happened, decide again
    kFailed,     // nothing happened; the next transaction may try again
    kRefused,    // nothing happened: the store refuses a value that a command brought, and always will
    kInDoubt,    // all of it is durable, or nothing: only the next start, or the database, can tell
  };

  static CommitResult Committed(std::int64_t last_cursor) { return {Kind::kCommitted, last_cursor, {}}; }
  /// There was nothing to write, so the store was not asked: it may be away for all that is known.
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
  /// What the callers of its commands are told. Precondition: not committed.
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

/// What is said of the listening clock, to everyone who shares the roll.
struct ListeningReport {
  ListeningState state;
  bool advancing = false;
  std::string because;  // why it stands still; empty while it advances
};

/// A daemon's part in a roll that several daemons share.
struct Membership {
  /// This one moves the listening clock and runs the scheduled jobs; no other does.
  bool leads = true;
  /// Where another one leads: what that one says of the clock, brought forward to now.
  ListeningReport heard;
  /// A daemon that had taken part stands still, told once: its workers have to find their way to another.
  bool daemon_lost = false;
  /// In what the settings of the daemons on the roll differ, for people: one line for each setting; empty
  /// where they are alike.
  std::vector<std::string> differing_settings;
};

/// Beside a store that several daemons share: who is there, who leads, whose run of jobs is under way. The
/// writer's, on its thread, outside of transactions.
class Coordination {
 public:
  virtual ~Coordination() = default;

  /// Called at every tick, a second apart or less (`tick`): takes part, and finds out what part that is. A
  /// leader says what its clock shows; a follower's report is not looked at. `settings` are those in force
  /// here. StoreUnavailable. Nobody leads before the first call says so.
  virtual Result<Membership> RenewMembership(const ListeningReport& own, const Settings& settings,
                                             absl::Duration tick) = 0;

  /// The run whose steps were begun (Store::BeginStep) is over, whether it came to its end or not: others may
  /// run jobs. A run is claimed by the first of its steps that has anything to stage.
  virtual void EndRun() = 0;
};

/// One writer and any number of readers. The writer's methods are called from one thread at a time.
/// Destroying a store closes it; nothing that was committed is lost.
class Store {
 public:
  virtual ~Store() = default;

  /// Lives as long as the store. Each of its methods sees one committed state, but for a list that looks at
  /// many workers to find few: it lets the writer in on the way, and shows each worker as it was when it was
  /// looked at. May block for as long as a disk or a database takes.
  virtual const ScanReads& Reader() const = 0;
  /// The same, for threads that serve others: never blocks on more than the model's lock. Null where point
  /// reads have to go to a database.
  virtual const PointReads* MemoryReads() const { return nullptr; }
  /// Any thread, once, when the daemon stops: from now on reads of Reader() end at once with
  /// StoreUnavailable, those under way included, where they would wait for a database. The writer is not
  /// concerned.
  virtual void CancelReads() {}

  // The writer's.

  /// Begins a transaction, after Commit or Rollback of the one before.
  virtual WriteTx& Begin() = 0;
  /// The same for a batch of commands; the ids of `foresight` must live until it ends. Where it says that
  /// there is nothing but heartbeats, the views of the transaction may have no pulse. After a lost race the
  /// same batch is begun again.
  virtual WriteTx& BeginBatch(const BatchKeys& /*foresight*/) { return Begin(); }
  /// The same for a step of a run of jobs. Where daemons share the store and another one's run is under way,
  /// the step finds nothing, and its Commit has lost the race: runs never overlap.
  virtual WriteTx& BeginStep() { return Begin(); }

  /// Cheap where nothing was staged and the clock stands still. Only kCommitted shows anything to readers.
  virtual CommitResult Commit(const ListeningState& listening) = 0;
  /// Commit for a step of a run of jobs: where it staged nothing, it writes nothing and waits for nothing.
  virtual CommitResult CommitStep(const ListeningState& listening) = 0;
  virtual void Rollback() = 0;

  /// Whether the writer should commit heartbeats apart from changes, because a batch of nothing but
  /// heartbeats is so much cheaper.
  virtual bool PrefersHeartbeatsAlone() const { return false; }

  /// Null where this daemon has the store for itself.
  virtual Coordination* coordination() { return nullptr; }

  /// Background work on the writer's thread (folding, trimming): a bounded step of about `budget`.
  /// Returns true if more waits to be done now. An infinite budget: everything, also what would wait until it
  /// pays.
  virtual bool Maintain(absl::Duration budget) = 0;
  /// How much of the room for work that waits to be maintained is taken. From a half on it should be given a
  /// growing part of the writer's time; from 1 on commands wait until Maintain has made room.
  virtual double Backlog() const { return 0; }

  /// Workers on the roll, as far as the writer knows without asking a database.
  virtual std::int64_t WorkerCount() const = 0;
  /// As of the last commit; unset on a roll that was never written.
  virtual std::optional<ListeningState> LastListening() const = 0;
};

struct StoreOptions {
  int history = 100;                    // heartbeats kept for each worker, 1 to 1000
  std::int64_t max_events = 1'000'000;  // events kept; older ones are trimmed
  std::string holder;      // who opens it, for the message to a second daemon: "musterd 127.0.0.1:50051"
  std::string sqlite_vfs;  // the VFS by name through which SQLite reaches its files; empty: its own
};

/// What a store gets from outside, so that a simulation can drive the real thing. All must outlive the store.
struct StoreRuntime {
  const Clock& clock;
  Random& random;
  /// Where a store does what would hold its writer up: SQLite moves its log into the database there.
  Executor& background;
};

/// `spec` is "memory:", "sqlite:PATH" or "postgresql://…". Errors are for the operator: they say what is
/// wrong and what to do. A SQLite database that another process holds is FAILED_PRECONDITION and names the
/// holder; a PostgreSQL database is shared.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view spec, const StoreOptions& options,
                                                 const StoreRuntime& runtime);

}  // namespace muster

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
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/event.h"
#include "muster/foresight.h"
#include "muster/queries.h"
#include "muster/result.h"
#include "muster/worker.h"

namespace muster {

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

/// Reads. Every method may answer StoreUnavailable. Ids in arguments are valid.
class ReadTx {
 public:
  virtual ~ReadTx() = default;

  virtual Result<std::optional<WorkerView>> Find(std::string_view id) const = 0;

  /// At most `limit` workers that match, with id > `after_id`, ordered by id.
  virtual Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                               int limit) const = 0;

  /// At most `limit` kept heartbeats with ordinal < `before`, newest first. WorkerNotFound.
  virtual Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                          int limit) const = 0;

  /// At most `limit` of the newest heartbeats of each, newest first, in the order of `workers`; none for one
  /// that is not there any more. One round trip where the store is far away.
  virtual Result<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(
      std::span<const WorkerView> workers, int limit) const {
    std::vector<std::vector<HeartbeatRecord>> recent(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (workers[i].pulse.total == 0) continue;
      Result<std::vector<HeartbeatRecord>> found =
          Heartbeats(workers[i].worker->id, std::numeric_limits<std::int64_t>::max(), limit);
      if (found.ok()) {
        recent[i] = *std::move(found);
      } else if (!std::holds_alternative<WorkerNotFound>(found.error())) {
        return found.error();
      }
    }
    return recent;
  }

  /// At most `limit` events of `worker_id` (empty: of all). Oldest first: those with cursor > `bound`.
  /// Newest first: those with cursor < `bound`.
  virtual Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                            int limit) const = 0;

  /// Ordered by region; regions without workers are left out.
  virtual Result<std::vector<RegionTotals>> Totals() const = 0;
  virtual Result<std::vector<RegionHold>> Holds() const = 0;
  /// 0 if there never was an event.
  virtual Result<std::int64_t> LastCursor() const = 0;

  /// A secret of this roll, the same after a restart: page tokens are signed with it.
  virtual std::string_view TokenKey() const = 0;
};

/// One transaction of the writer. Reads see what it has staged, but for heartbeats (a view's pulse is the
/// committed one) and for the sweeps' questions (answered from what is committed: a sweep's step is alone in
/// its transaction). Staging never fails; Commit may.
class WriteTx : public ReadTx {
 public:
  /// A new revision, greater than every one before it.
  virtual std::int64_t NextRevision() = 0;

  /// Precondition: no worker of this id. The returned view is the inserted worker's.
  virtual WorkerView Insert(Worker worker) = 0;
  /// Replaces what `view` shows (a view from this transaction); the pulse and the history stay.
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

  /// Nothing was staged, so to commit would change nothing but the clock. False where that is not known.
  virtual bool StagedNothing() const { return false; }

  /// Heartbeats ever recorded for the worker, with those staged in this transaction. Asked only when an id is
  /// taken over, so it may cost by the size of the transaction.
  virtual std::int64_t HeartbeatsRecorded(const WorkerView& view) const = 0;

  // The sweeps' questions. A worker's reference is the later of its last heartbeat and the moment when it
  // entered Active by hand. Each costs by what it returns, not by the fleet. Any order.

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
};

/// What is said of the listening clock, to everyone who shares the roll.
struct ListeningReport {
  ListeningState state;
  bool advancing = false;
  std::string because;  // why it stands still; empty while it advances
};

/// A daemon's part in a roll that several daemons may share.
struct Standing {
  /// This one moves the listening clock and runs the scheduled jobs; no other does.
  bool leads = true;
  /// Where another one leads: what that one says of the clock, brought forward to now.
  ListeningReport heard;
  /// A daemon that had taken part stands still, told once: its workers have to find their way to another.
  bool daemon_lost = false;
  std::int64_t workers = 0;  // on the roll
};

/// Destroying a store closes it; nothing that was committed is lost.
class Store {
 public:
  virtual ~Store() = default;

  /// Thread-safe; lives as long as the store. Each of its methods sees one committed state, but for a list
  /// that looks at many workers to find few: it lets the writer in on the way, and shows each worker as it
  /// was when it was looked at.
  virtual const ReadTx& Reader() const = 0;

  /// The writer's, from one thread at a time. Begin after Commit or Rollback of the one before.
  virtual WriteTx& Begin() = 0;
  /// Durable when it returns Ok: then readers see it. On an error (StoreUnavailable) nothing of it happened,
  /// and the next transaction may try again. Cheap where nothing was staged and the clock stands still.
  virtual Outcome Commit(const ListeningState& listening) = 0;
  virtual void Rollback() = 0;

  // A store that several daemons share: each has a writer of its own. What follows is the writer's as well.
  // The defaults are those of a store that has one daemon.

  /// Whether a batch of nothing but heartbeats is so much cheaper that it should be apart from the changes.
  virtual bool Foresees() const { return false; }
  /// Begin for a batch of commands; the ids of `foresight` must live until it ends. Where it says that there
  /// is nothing but heartbeats, the views of the transaction may have no pulse.
  virtual WriteTx& BeginBatch(const Foresight& /*foresight*/) { return Begin(); }
  /// Whether the last Commit failed for no other reason than that another daemon had changed what this
  /// transaction had read: the batch is to be decided again. Never so after Begin.
  virtual bool Overtaken() const { return false; }

  /// Begin for a step of a run of jobs. Null while the run of another daemon is under way: runs never
  /// overlap.
  virtual WriteTx* BeginStep() { return &Begin(); }
  /// The run whose steps were begun is over, whether it came to its end or not.
  virtual void EndRun() {}

  /// Called at every tick, a second apart or less (`tick`): takes part, and finds out what part that is. A
  /// leader says what its clock shows; a follower's report is not looked at. StoreUnavailable.
  virtual Result<Standing> Attend(const ListeningReport& /*own*/, absl::Duration /*tick*/) {
    return Standing();
  }
  /// Whether there may be others. If so, nobody leads before Attend says so.
  virtual bool Shared() const { return false; }

  /// Background work on the writer's thread (folding, trimming): a bounded step of about `budget`.
  /// Returns true if more waits to be done now. An infinite budget: everything, also what would wait until it
  /// pays.
  virtual bool Maintain(absl::Duration budget) = 0;
  /// How much of the room for work that waits to be maintained is taken. From a half on it should be given a
  /// growing part of the writer's time; from 1 on commands wait until Maintain has made room.
  virtual double Backlog() const { return 0; }

  /// As of the last commit; unset on a roll that was never written.
  virtual std::optional<ListeningState> LastListening() const = 0;
};

struct StoreOptions {
  int history = 100;                    // heartbeats kept for each worker, 1 to 1000
  std::int64_t max_events = 1'000'000;  // events kept; older ones are trimmed
  std::string holder;  // who opens it, for the message to a second daemon: "musterd 127.0.0.1:50051"
};

/// `spec` is "memory:", "sqlite:PATH" or "postgresql://…". Errors are for the operator: they say what is
/// wrong and what to do. A SQLite database that another process holds is FAILED_PRECONDITION and names the
/// holder; a PostgreSQL database is shared.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view spec, const StoreOptions& options);

}  // namespace muster

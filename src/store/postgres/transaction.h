// One transaction of the writer, of one of two kinds.
//
// Locked: for changes, and for the sweeps. It begins by locking the roll's one row, so that of all daemons
// one at a time changes anything; what it reads holds until its commit, revisions and cursors count without
// gaps, and whoever reads the events sees a beginning of them without holes, because they become visible in
// the order of their numbers. Begin and commit are a round trip each.
//
// Light: for a batch of nothing but heartbeats. It takes no lock and asks nothing: it decides by the cache,
// and its one round trip, the commit, fails if a worker was changed since (see beats.h). Then the batch is
// decided again, on workers that were just fetched, and if that fails as well, locked.
//
// Staged changes are kept here and written at commit, or before a question that has to see them.
// Used by the writer's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "muster/foresight.h"
#include "store/postgres/by_id.h"
#include "store/postgres/failure.h"
#include "store/postgres/roll_row.h"
#include "store/postgres/worker_cache.h"
#include "store/postgres/writer_session.h"
#include "store/store.h"

namespace muster::postgres {

class Transaction final : public WriteTx {
 public:
  enum class Kind { kNone, kLocked, kLight };

  /// All must outlive it. `reader` gives the token key.
  Transaction(WriterSession& session, const ReadTx& reader, WorkerCache& cache, const StoreOptions& options)
      : session_(session), reader_(reader), cache_(cache), options_(options) {}

  /// Begins, fetches the workers of `ids` and locks them, all at once and in one order: so that it waits for
  /// no heartbeats later, with locks that others wait for. A failure is kept, and answers everything until
  /// the end.
  void BeginLocked(const std::vector<std::string_view>& ids);
  /// `fresh`: fetches them all, instead of those only that the cache lacks.
  void BeginLight(const std::vector<std::string_view>& ids, bool fresh);
  /// Takes it back, on the server as well where it had begun there.
  void Abandon();

  /// Writes everything and commits; on a failure, Abandon. With a locked one, `clock` is stored, and who runs
  /// the jobs from now on.
  Reply<Nothing> Commit(const ListeningState& clock, std::string_view runner, std::int64_t runner_beat);

  Kind kind() const { return kind_; }
  /// Nothing was staged.
  bool Empty() const;
  /// It was light, and a change was staged: it has to be decided anew, locked.
  bool NeedsLock() const { return needs_lock_; }
  /// It was light, and something was refused by the cache alone: it has to be decided anew, on what the
  /// database says now.
  bool NeedsFresh() const;
  /// The failure that answered since it began, if one did.
  const std::optional<Failure>& failure() const { return failure_; }
  /// As of the last BeginLocked that worked.
  const RollRow& roll() const { return roll_; }
  /// After a commit: the last event's.
  std::int64_t cursor() const { return cursor_; }

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;
  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       int limit) const override;
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;
  Result<std::vector<RegionTotals>> Totals() const override;
  Result<std::vector<RegionHold>> Holds() const override;
  Result<std::int64_t> LastCursor() const override;
  std::string_view TokenKey() const override { return reader_.TokenKey(); }

  std::int64_t NextRevision() override;
  WorkerView Insert(Worker worker) override;
  WorkerView Update(const WorkerView& view, Worker worker) override;
  void Remove(const WorkerView& view) override;
  void RecordHeartbeat(const WorkerView& view, const Moment& now,
                       std::optional<std::int32_t> in_use) override;
  void Append(Event event) override;
  void Hold(RegionHold hold) override;
  void Release(std::string_view region) override;
  std::int64_t HeartbeatsRecorded(const WorkerView& view) const override;

  Result<std::vector<WorkerView>> PendingHeard(int limit) override;
  Result<std::vector<RegionSilence>> SilentByRegion(ListeningTime cutoff) override;
  Result<std::vector<WorkerView>> Silent(ListeningTime cutoff, const absl::flat_hash_set<std::string>& except,
                                         int limit) override;
  Result<std::vector<WorkerView>> OfflineHeardAfter(ListeningTime cutoff, int limit) override;

 private:
  // An id that the transaction met.
  struct Entry {
    std::string id;
    std::shared_ptr<const Worker> worker;  // as staged; null: not there
    Pulse pulse;                           // the committed one
    bool on_server = false;                // the server has a row, as far as it was told
    bool to_remove = false;                // that row, and its heartbeats, have to go first
    bool to_write = false;                 // `worker` is not what the server was told
    bool by_cache = false;                 // nobody asked the database
    bool locked = false;                   // since it was read: `pulse` is still true
    std::size_t beats_from = 0;            // in beats_; those before belong to a worker that was removed
  };
  struct Beat {
    std::uint32_t entry;
    std::optional<std::int32_t> in_use;
  };
  // Heartbeats of one moment.
  struct Beats {
    Moment at;
    std::size_t first;  // in beats_
  };

  /// Starts anew, as `kind`. False if there is no connection.
  bool Start(Kind kind);
  /// Notes what was read; what is staged wins.
  std::uint32_t Note(const WorkerView& view) const;
  std::vector<WorkerView> NoteAll(std::vector<WorkerView> views) const;
  void NoteAbsent(std::string_view id) const;
  WorkerView ViewOf(std::uint32_t entry) const;
  void Stage(std::uint32_t entry, Worker worker);
  WorkerError Fail(Failure failure) const;

  /// Adds what the server was not told yet, heartbeats excepted; it counts as told.
  void AddChanges(Pipeline& pipeline) const;
  void AddHeartbeats(Pipeline& pipeline) const;
  /// Tells the server now, so that a question sees it. Nothing to tell: no round trip.
  Outcome Flush() const;
  template <typename T>
  Result<T> Answer(Reply<T> reply) const;

  WriterSession& session_;
  const ReadTx& reader_;
  WorkerCache& cache_;
  const StoreOptions options_;

  Kind kind_ = Kind::kNone;
  RollRow roll_;
  bool needs_lock_ = false;
  mutable std::optional<Failure> failure_;
  // What was read and staged. A question adds to it, and has what is staged written.
  mutable std::vector<Entry> entries_;
  mutable ById<std::uint32_t> by_id_;
  mutable std::vector<Event> events_;  // not told to the server yet
  mutable absl::btree_map<std::string, std::optional<ListeningTime>> holds_;
  std::int64_t revision_ = 0;
  std::int64_t cursor_ = 0;
  std::int64_t added_ = 0;  // workers, less those removed
  bool staged_ = false;     // anything but heartbeats
  std::vector<Beat> beats_;
  std::vector<Beats> moments_;
};

}  // namespace muster::postgres

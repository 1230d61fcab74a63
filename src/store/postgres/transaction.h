// One transaction of the writer. There are three kinds.
//
// Locked: for changes. It begins by locking the one row of the roll, so that only one daemon at a time
// changes anything. What it reads holds until its commit, and revisions and cursors count without gaps. A
// reader of the events always sees a beginning of them without holes, because they become visible in the
// order of their numbers. Begin and commit are one round trip each.
//
// Light: for a batch of only heartbeats. It takes no lock and asks nothing: it decides by the cache. Its one
// round trip, the commit, fails if a worker was changed since (see beats.h). Then the batch is decided again,
// on workers that were just fetched; and if that fails too, locked.
//
// A step of a run of jobs: its questions look without a lock, outside of any transaction on the server, so a
// step that finds nothing locks nothing. What it finds is locked and checked again, together with the row of
// the roll. From then on it is like a locked transaction. See sweep_questions.h.
//
// A row that another program holds delays only the worker of that row. When a batch meets such a row, it is
// begun again: it looks for these rows and leaves them out, and a question about them gets StoreUnavailable.
//
// Staged changes are kept here and written at commit. Used by the writer's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "store/postgres/failure.h"
#include "store/postgres/registry_row.h"
#include "store/postgres/runs.h"
#include "store/postgres/staged.h"
#include "store/postgres/sweep_questions.h"
#include "store/postgres/worker_cache.h"
#include "store/postgres/writer_session.h"
#include "store/store.h"

namespace muster::postgres {

class Transaction final : public WriteTx {
 public:
  enum class Kind { kNone, kLocked, kLight, kStep };

  /// All must outlive it. `history`: heartbeats kept for each worker.
  Transaction(WriterSession& session, WorkerCache& cache, Runs& runs, HeldRows& held, int history)
      : session_(session), cache_(cache), runs_(runs), held_(held), history_(history) {}

  /// Begins, fetches the workers of `ids` and locks them, all at once and in one order. So later it does not
  /// wait for heartbeats while it holds locks that others wait for. A failure is kept, and answers everything
  /// until the end.
  void BeginLocked(const std::vector<std::string_view>& ids);
  /// With `fresh` it fetches all of them, else only those that the cache lacks.
  void BeginLight(const std::vector<std::string_view>& ids, bool fresh);
  void BeginStep();
  /// The run of jobs is over: what its questions found is of no more use.
  void EndRun() { candidates_.Clear(); }
  /// Rolls it back, also on the server if it had begun there.
  void Abandon();

  /// For a step that has something to stage: locks the row of the roll, unless it is locked. False: it
  /// failed, or it is refused.
  bool ClaimRun();
  /// Writes everything and commits. After a failure, call Abandon. A locked transaction also stores `clock`,
  /// unless it is null.
  Reply<Nothing> Commit(const ProvenState* clock);

  /// A transaction of its own: counts the totals anew, so that they can be kept from then on. Returns whether
  /// it succeeded.
  bool CountTotals();

  /// The row of the roll is locked.
  bool locked() const { return locked_; }
  /// Nothing was staged.
  bool Empty() const { return staged_.empty(); }
  /// Nothing was staged, and the cache alone refused nothing: the database need not be asked.
  bool NothingToAsk() const { return Empty() && staged_.RefusedByCache().empty(); }
  /// It was a step, and may not go on: the run of another daemon is under way, or holds were set or released
  /// since it asked. It was abandoned.
  bool refused() const { return refused_; }
  /// It was light, and a change was staged: it has to be decided again, locked.
  bool NeedsLock() const { return needs_lock_; }
  /// Forgets what the cache alone refused, so that it is fetched when the batch is begun again.
  void ForgetRefused();
  /// Looks which rows of `ids` another program holds, outside of transactions.
  Reply<Nothing> LookForHeld(const std::vector<std::string_view>& ids);
  /// The failure that answers everything since it began, if there is one.
  const std::optional<Failure>& failure() const { return failure_; }
  /// The row of the roll, as it is after a locked commit.
  const RegistryRow& registry() const { return registry_; }
  /// What the row says by now, as it was read outside of transactions.
  void Learn(const RollTimeouts& timeouts) { timeouts_ = timeouts; }

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;
  absl::Duration HeldFor(std::string_view id) const override;
  bool AnyHeld() const override { return any_held_; }
  Result<std::vector<RegionHold>> Holds() const override;

  std::int64_t NextRevision() override;
  WorkerView Insert(Worker worker) override;
  WorkerView Update(const WorkerView& view, Worker worker) override;
  void Remove(const WorkerView& view) override;
  void RecordHeartbeat(const WorkerView& view, const Moment& now,
                       std::optional<std::int32_t> in_use) override;
  void Append(Event event) override;
  void Hold(RegionHold hold) override;
  void Release(std::string_view region) override;
  void SetTimeouts(RollTimeouts timeouts) override;
  const RollTimeouts& Timeouts() const override { return timeouts_; }
  std::int64_t HeartbeatsRecorded(const WorkerView& view) const override;

  Result<std::vector<WorkerView>> PendingHeard(int limit) override;
  Result<std::vector<RegionSilence>> SilentByRegion(std::span<const ReferenceRange> stale) override;
  Result<std::vector<WorkerView>> Silent(std::span<const ReferenceRange> stale,
                                         const absl::flat_hash_set<std::string>& except, int limit) override;
  Result<std::vector<WorkerView>> OfflineFresh(std::span<const ReferenceRange> stale, int limit) override;

 private:
  /// Starts anew, as `kind`. False if there is no connection.
  bool Start(Kind kind);
  WorkerError Fail(Failure failure) const;
  void Remember(Failure failure);
  template <typename T>
  Result<T> Answer(Reply<T> reply) const {
    if (!reply.ok()) return Fail(std::move(reply).error());
    return *std::move(reply);
  }

  /// The first adds the statements that lock the row of the roll, at the start of a pipeline; the second
  /// reads their answers. False: it failed, or it is refused.
  void AddRegistryLock(Pipeline& pipeline) const;
  bool RegistryIsLocked(const std::vector<Rows>& answers);

  /// Those of `ids` whose rows were held at the last look; the others go to `rest`.
  std::vector<std::string_view> Suspects(const std::vector<std::string_view>& ids,
                                         std::vector<std::string_view>* rest) const;
  /// The first adds two statements: one locks the suspects whose rows are free, one finds those that are
  /// there. The second reads their answers.
  static void AddSuspects(const std::vector<std::string_view>& suspects, Pipeline& pipeline);
  Reply<std::vector<WorkerView>> SortSuspects(const Rows& free, const Rows& there);

  /// A change was staged: a light transaction cannot write it.
  void NeedLock();
  WorkerView Stage(std::uint32_t entry, Worker worker);

  /// What `question` finds, locked. Nothing if the run may not go on.
  Result<std::vector<WorkerView>> FindAndLock(const SweepQuestion& question, int limit);
  /// Those of `ids` for which the question still holds.
  Reply<std::vector<WorkerView>> Lock(const SweepQuestion& question,
                                      const std::vector<std::string_view>& ids);

  WriterSession& session_;
  WorkerCache& cache_;
  Runs& runs_;
  HeldRows& held_;
  const int history_;

  Kind kind_ = Kind::kNone;
  bool locked_ = false;
  bool refused_ = false;
  bool needs_lock_ = false;
  bool open_ = false;            // on the server
  bool any_held_ = false;        // of the batch
  mutable bool patient_ = true;  // how long it waits for the row of the roll
  RegistryRow registry_;
  std::int64_t revision_ = 0;
  RollTimeouts timeouts_;  // as the row said when it was last read
  // Mutable, because a question adds to what was read.
  mutable Staged staged_;
  mutable std::optional<Failure> failure_;
  // Of a step: the answers to its questions.
  mutable std::optional<std::vector<RegionHold>> holds_;
  std::optional<SilenceSeen> silence_;
  Candidates candidates_;  // of the run
};

}  // namespace muster::postgres

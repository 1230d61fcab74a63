// Moves heartbeats from the journal into the pulses, in the background, in steps of bounded size.
//
// A fold goes through the workers once. For each worker that was heard since the last fold it writes one row
// for all of its heartbeats. Then it deletes the journal up to the row at which the fold began. It starts
// only when it pays: when there are several heartbeats for each row that it writes. Each row says up to which
// row of the journal it has come. So a fold that is cut short, by a crash or by a full disk, counts nothing
// twice and loses nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/clock.h"
#include "store/sqlite/database.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/unfolded.h"

namespace muster::sqlite {

/// The writer's thread only. The database and the roll must outlive it.
class Fold {
 public:
  static absl::StatusOr<Fold> Prepare(Database& database, SharedRegistry& registry, int history);

  /// Whether a step should be made: a fold is under way, or it pays to start one. `now` is the time of the
  /// latest commit.
  bool IsDue(ListeningTime now) const;
  /// Whether there is anything at all to fold.
  bool HasWork() const;
  /// One transaction of at most `rows` rows; begins a new fold if none is under way. `last_seq` is the number
  /// of the latest commit. On an error nothing was done.
  absl::Status Step(std::int64_t last_seq, int rows);
  /// How much of the room for heartbeats that are not folded is taken, in memory or in the journal: from 0 to
  /// 1, and above 1 by one batch at most.
  double Backlog() const;

 private:
  enum class Phase { kIdle, kFolding, kDeleting };

  Fold(Database& database, SharedRegistry& registry, int history)
      : database_(&database), registry_(&registry), history_(history) {}

  absl::Status FoldSome(std::int64_t last_seq, int rows);
  absl::Status FoldWorker(std::uint32_t slot, std::int64_t last_seq);
  absl::Status DeleteSome(int rows);
  /// How many rows of the journal can be deleted in the time that it takes to fold so many workers.
  std::int64_t JournalRowsFor(int rows) const;

  Database* database_;
  SharedRegistry* registry_;
  int history_;
  Statement find_pulse_;
  Statement put_pulse_;
  Statement delete_journal_;

  Phase phase_ = Phase::kIdle;
  std::int64_t through_ = 0;         // the seq up to which the journal goes when this fold is done
  std::uint32_t next_slot_ = 0;      // while folding
  std::int64_t deleted_ = 0;         // while deleting: the seq up to which the journal is gone
  std::vector<std::int64_t> times_;  // of one worker, newest first
};

}  // namespace muster::sqlite

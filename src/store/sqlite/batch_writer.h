// Writes a staged batch to the database, in one transaction. The batch is durable when Write returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/model.h"
#include "store/model/staged_batch.h"
#include "store/sqlite/database.h"
#include "store/sqlite/packed.h"
#include "store/sqlite/statement.h"
#include "store/store.h"

namespace muster::sqlite {

/// The writer's thread only. The database must outlive it.
class BatchWriter {
 public:
  static absl::StatusOr<BatchWriter> Prepare(Database& database);

  /// Writes everything. Each moment of heartbeats is one row of the journal, and has the state of the
  /// listening clock; there is at least one row, for the clock. Rows are numbered from `first_seq`. Returns
  /// the number for the next row. On an error nothing of it was written. Precondition: orphans were dropped.
  absl::StatusOr<std::int64_t> Write(StagedBatch& batch, const Model& model, std::int64_t first_seq,
                                     std::int64_t last_revision, const ProvenState& clock);

 private:
  explicit BatchWriter(Database& database) : database_(&database) {}

  absl::Status WriteChange(const StagedChange& change);
  absl::Status WriteState(Statement& statement, const Worker& worker, std::int64_t key);
  absl::Status WriteEvent(const Event& event);
  absl::Status WriteTimeouts(const RollTimeouts& timeouts);
  absl::Status WriteJournal(StagedBatch& batch, const Model& model, const ProvenState& clock,
                            std::int64_t& next_seq);

  Database* database_;
  JournalEncoder encoder_;
  Statement insert_worker_;
  Statement update_worker_;
  Statement delete_worker_;
  Statement insert_state_;
  Statement update_state_;
  Statement insert_event_;
  Statement put_hold_;
  Statement drop_hold_;
  Statement insert_journal_;
  Statement update_revision_;
  Statement update_boot_;
  std::optional<std::string> boot_id_;  // as it was stored last, in this life
  Statement drop_timeouts_;
  Statement insert_timeout_;
};

}  // namespace muster::sqlite

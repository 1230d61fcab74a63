// From the database to the model: loads the tables, then replays the part of the journal that is not folded
// yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "muster/random.h"
#include "store/model/model.h"
#include "store/sqlite/database.h"
#include "store/sqlite/unfolded.h"
#include "store/store.h"

namespace muster::sqlite {

/// The values from which the counters of the roll go on.
struct Recovered {
  std::string token_key;
  std::int64_t last_revision = 0;
  std::int64_t next_seq = 1;     // of the journal
  std::int64_t first_event = 1;  // the oldest that is kept
  std::optional<ProvenState> listening;
};

/// Fills the model and the unfolded beats; both are empty before. A new roll gets its token key here, from
/// `random`. On a damaged row the error says which one (DATA_LOSS).
absl::StatusOr<Recovered> Recover(Database& database, Random& random, Model& model, UnfoldedBeats& unfolded);

}  // namespace muster::sqlite

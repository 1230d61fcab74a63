// The roll's one row: what there is one of, and what daemons tell each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace muster::postgres {

struct RollRow {
  std::int64_t last_revision = 0;
  std::int64_t last_cursor = 0;
  std::int64_t workers = 0;
  std::optional<ListeningState> clock;  // unset on a roll that was never written
  bool advancing = false;
  std::string not_listening;
  absl::Duration age;  // how long ago the leader said so, by the server's clock
  std::string leader;
  std::int64_t leader_beat = 0;
  std::string runner;
  std::int64_t runner_beat = 0;
};

/// The row, locked or not.
extern const Sql kLockRoll;
extern const Sql kReadRoll;
/// Precondition: the answer of one of the two.
RollRow ReadRoll(const Rows& rows);

/// Writes what a transaction changed of it. The clock never goes back.
extern const Sql kWriteRoll;
Parameters WriteRoll(std::int64_t last_revision, std::int64_t last_cursor, std::int64_t workers,
                     const ListeningState& clock, std::string_view runner, std::int64_t runner_beat);

/// The token key that the roll has; `fresh` becomes it where there is none.
Reply<std::string> TokenKeyOf(Connection& connection, std::string_view fresh, absl::Duration timeout);

}  // namespace muster::postgres

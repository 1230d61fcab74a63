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

struct RegistryRow {
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
  bool totals_are_kept = false;  // region_totals fits to the last change
  std::int32_t min_version = 1;  // of the schema, which a program must know to use it
};

/// The row, locked or not. To wait for the lock is bounded by the two settings, for the transaction: short
/// once another program was found to hold it. kLockTimeoutAgain goes back to what the session has.
extern const Sql kPatiently;
extern const Sql kBriefly;
extern const Sql kLockTimeoutAgain;
extern const Sql kLockRegistry;
extern const Sql kReadRegistry;
/// From the answer of one of the two. kOutdated if the schema is not for this program any more.
Reply<RegistryRow> ReadRegistry(const Rows& rows);

/// Whether it failed because another program holds the row.
bool RegistryIsHeld(const Failure& failure);
/// Whether any row, or a table, was held for too long.
bool IsHeld(const Failure& failure);

/// Writes what a transaction changed of it: what `roll` says now, and the clock, which never goes back.
extern const Sql kWriteRegistry;
Parameters WriteRegistry(const RegistryRow& registry, const ListeningState& clock);

/// The token key that the roll has; `fresh` becomes it where there is none.
Reply<std::string> TokenKeyOf(Connection& connection, std::string_view fresh, absl::Duration timeout);

}  // namespace muster::postgres

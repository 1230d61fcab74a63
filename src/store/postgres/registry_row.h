// The one row of the roll: what exists once, and what daemons tell each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "domain/told_timeouts.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace muster::postgres {

struct RegistryRow {
  std::int64_t last_revision = 0;
  std::int64_t last_cursor = 0;
  std::int64_t workers = 0;
  std::optional<ProvenState> clock;  // unset on a roll that was never written
  ListeningTime running;
  bool advancing = false;
  std::string not_listening;
  absl::Duration age;  // how long ago the leader said so, by the server's clock
  std::string leader;
  std::int64_t leader_beat = 0;
  std::string runner;
  std::int64_t runner_beat = 0;
  bool totals_are_kept = false;  // region_totals matches the last change
  std::int32_t min_version = 1;  // of the schema, which a program must know to use it
  RollTimeouts timeouts;
};

/// The row, locked or not. The first two settings bound the wait for the lock, for the transaction: short
/// after another program was found to hold the row. kLockTimeoutAgain goes back to the setting of the
/// session.
extern const Sql kPatiently;
extern const Sql kBriefly;
extern const Sql kLockTimeoutAgain;
extern const Sql kLockRegistry;
extern const Sql kReadRegistry;
/// Reads the answer of one of the two. kOutdated if the schema is no longer for this program.
Reply<RegistryRow> ReadRegistry(const Rows& rows);

/// Whether the failure came because another program holds the row.
bool RegistryIsHeld(const Failure& failure);
/// Whether any row, or a table, was held for too long.
bool IsHeld(const Failure& failure);

/// Writes what a transaction changed in the row: the values of `registry`, and the clock, which never goes
/// back. Null: the clock is not this daemon's to write.
extern const Sql kWriteRegistry;
Parameters WriteRegistry(const RegistryRow& registry, const ProvenState* clock);

extern const Sql kWriteTimeouts;
Parameters WriteTimeouts(const RollTimeouts& timeouts);

/// The token key of the roll. A roll without a key gets `fresh`.
Reply<std::string> TokenKeyOf(Connection& connection, std::string_view fresh, absl::Duration timeout);

}  // namespace muster::postgres

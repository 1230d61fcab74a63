// How a database gets its schema, and how one that is not ours, or not ours any more, is kept from harm.
//
// The files of migrations/sqlite/ are in the binary. Each is applied once, in a transaction of its own, and
// recorded with its checksum in schema_migrations. A released file never changes: what is to be different
// comes in a new one. The header of the file says whose it is (application_id, "MUST") and how far it has
// come (user_version).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// One step of the schema. `version` counts from 1, without gaps.
struct Migration {
  int version = 0;
  std::string_view name;  // "0001_initial.sql"
  std::string_view sql;
};

/// The migrations in this binary, in order.
std::span<const Migration> EmbeddedMigrations();

/// Looks at the file (its path resolved; it may not exist) and writes nothing. Ok if it is new, or a
/// database of ours whose migrations are the first of `known`. Otherwise says what is wrong and what to do:
///   FAILED_PRECONDITION  the schema is newer than this program, or not as released
///   INVALID_ARGUMENT     another program's database, or no database
/// Precondition: this process holds the lock of the file.
absl::Status Inspect(const Location& location, std::span<const Migration> known);

/// Applies those of `known` that the database lacks. Precondition: Inspect found it in order. On an error the
/// database is as it was after the last migration that went through.
absl::Status Migrate(Database& database, std::span<const Migration> known);

}  // namespace muster::sqlite

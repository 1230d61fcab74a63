// How a database gets its schema, and how a database that is not ours, or not ours any more, is kept from
// harm.
//
// The files of migrations/sqlite/ are in the binary. Each is applied once, in a transaction of its own, and
// recorded with its checksum in schema_migrations (store/migration_record.h). A released file never changes:
// a change comes in a new file. The header of the database file says whose it is (application_id, "MUST") and
// which version it has (user_version).
#pragma once

#include <span>

#include "absl/status/status.h"
#include "store/migration_record.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// The migrations in this binary, in order.
std::span<const Migration> EmbeddedMigrations();

/// Looks at the file (its path is resolved; it may not exist) and writes nothing. Ok if the file is new, or a
/// database of ours whose migrations are the first of `known`. Otherwise says what is wrong and what to do:
/// FAILED_PRECONDITION if the schema is newer than this program, or not as released; INVALID_ARGUMENT if it
/// is the database of another program, or no database. Precondition: this process holds the lock of the file.
absl::Status Inspect(const Location& location, std::span<const Migration> known);

/// Applies those of `known` that the database lacks. Precondition: Inspect found no fault. On an error the
/// database is as it was after the last migration that succeeded.
absl::Status Migrate(Database& database, std::span<const Migration> known);

}  // namespace muster::sqlite

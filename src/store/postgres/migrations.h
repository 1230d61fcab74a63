// How a database gets its schema, and how a database that is newer, or not ours, is kept from harm.
//
// The files of migrations/postgres/ are in the binary. Each is applied once, in a transaction of its own, and
// recorded with its checksum in schema_migrations (store/migration_record.h). A released file never changes:
// a change comes in a new file. Any number of daemons may do this at once: the daemon that first inserts the
// record applies the file, and the others wait for it. All names are found by the search_path, so the URL
// decides on the schema.
//
// Daemons of two versions run side by side while they are upgraded one by one. A step that only adds leaves
// older daemons running. A step that takes something away, or whose rules older daemons would break, shuts
// them out. It says which version a program must know at least,
//
//     UPDATE schema_use SET min_version = 7;
//
// and comes in a release after the one that no longer needs what it takes away. docs/database.md has the
// rule.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/migration_record.h"
#include "store/postgres/connection.h"

namespace muster::postgres {

/// The migrations in this binary, in order.
std::span<const Migration> EmbeddedMigrations();

/// Applies those of `known` that the database lacks; `timeout` is for each step. On an error, which is for
/// the operator, the database is as it was after the last migration that succeeded. FAILED_PRECONDITION: the
/// schema is only for newer programs, or not as released, or the server refuses. INVALID_ARGUMENT:
/// schema_migrations belongs to another program. UNAVAILABLE: the server is away.
absl::Status Migrate(Connection& connection, std::span<const Migration> known, absl::Duration timeout);

}  // namespace muster::postgres

// How a database gets its schema, and how one that is newer, or not ours, is kept from harm.
//
// The files of migrations/postgres/ are in the binary. Each is applied once, in a transaction of its own, and
// recorded with its checksum in schema_migrations. A released file never changes: what is to be different
// comes in a new one. Any number of daemons may do this at once: who inserts the record first applies the
// file, the others wait for it. All names are found by the search_path, so the URL decides on the schema.
//
// Daemons of two versions run side by side while they are upgraded one by one. A step that only adds leaves
// the schema to the older ones, which go on. One that takes away, or whose rules the older ones would break,
// shuts them out: it says which version a program must know at least,
//
//     UPDATE schema_use SET min_version = 7;
//
// and comes in a release after the one that stopped needing what it takes away. docs/database.md has the
// rule.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/postgres/connection.h"

namespace muster::postgres {

/// One step of the schema. `version` counts from 1, without gaps.
struct Migration {
  int version = 0;
  std::string_view name;  // "0001_initial.sql"
  std::string_view sql;
};

/// The migrations in this binary, in order.
std::span<const Migration> EmbeddedMigrations();

/// Applies those of `known` that the database lacks; `timeout` is for each step. On an error, which is for
/// the operator, the database is as it was after the last migration that went through:
///   FAILED_PRECONDITION  the schema is for newer programs only, or not as released; or the server refuses
///   INVALID_ARGUMENT     schema_migrations is another program's
///   UNAVAILABLE          the server is away
absl::Status Migrate(Connection& connection, std::span<const Migration> known, absl::Duration timeout);

}  // namespace muster::postgres

#include "store/postgres/migrations.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "generated/postgres_migrations.h"
#include "runtime/log.h"

namespace muster::postgres {
namespace {

constexpr char kDoing[] = "bringing the schema up to date";
// As errors name it.
constexpr char kDatabase[] = "the PostgreSQL database";

// Other daemons may be faster, but not for ever.
constexpr int kMaxAttempts = 100;

constexpr std::string_view kNoSuchTable = "42P01";
constexpr std::string_view kNoSuchColumn = "42703";
// How a CREATE TABLE IF NOT EXISTS fails when another daemon is faster.
constexpr std::string_view kFasterElsewhere[] = {"23505", "42P07", "42710"};

constexpr char kCreateRecord[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " checksum TEXT NOT NULL,"  // SHA-256 of the file
    " applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";

constexpr Sql kApplied = {"migrations_applied",
                          "SELECT version, name, checksum FROM schema_migrations ORDER BY version"};
constexpr Sql kMinVersion = {"migrations_min_version", "SELECT min_version FROM schema_use"};

// The transaction that inserts the row holds it until it ends. The others wait here, and then find the row,
// or no row.
constexpr Sql kRecord = {"migrations_record",
                         "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"
                         " ON CONFLICT (version) DO NOTHING"};

absl::Status SomeoneElses() {
  return absl::InvalidArgumentError(
      "the PostgreSQL database has a table schema_migrations of another program. It was left as it is; "
      "choose "
      "another database, or a schema (…?options=-csearch_path%3Dmuster).");
}

// Compares the rows of schema_migrations with what this program knows.
absl::Status CompareRecord(const Rows& applied, std::span<const Migration> known) {
  for (int row = 0; row < applied.size() && std::cmp_less(row, known.size()); ++row) {
    const RecordedMigration recorded = {applied.Int32(row, 0), applied.Text(row, 1), applied.Text(row, 2)};
    absl::Status as_released = CompareRecorded(kDatabase, recorded, static_cast<std::size_t>(row), known);
    if (!as_released.ok()) return as_released;
  }
  return applied.fault().empty() ? absl::OkStatus() : SomeoneElses();
}

// Whether a newer schema says that this program may use it.
absl::Status MayUse(Connection& connection, int version, std::size_t known, absl::Duration timeout) {
  const Reply<Rows> rows = connection.Run(kMinVersion, {}, timeout);
  if (!rows.ok() && rows.error().sqlstate != kNoSuchTable) return StatusOf(rows.error(), kDoing);
  if (!rows.ok() || rows->empty() || std::cmp_greater(rows->Int32(0, 0), known)) {
    return SchemaTooNew(kDatabase, version, known);
  }
  Log(LogLevel::kInfo, "the schema is newer than this program, which may use it",
      {{"version", absl::StrCat(version)}, {"known", absl::StrCat(known)}});
  return absl::OkStatus();
}

// True if we or another daemon did this, and there is more to look at.
absl::StatusOr<bool> GoOn(const Failure& failure) {
  const bool beaten = std::find(std::begin(kFasterElsewhere), std::end(kFasterElsewhere), failure.sqlstate) !=
                      std::end(kFasterElsewhere);
  if (beaten || failure.kind == FailureKind::kConflict) return true;
  if (failure.sqlstate == kNoSuchColumn) return SomeoneElses();
  return StatusOf(failure, kDoing);
}

// Also Ok if another daemon was faster: the record shows it.
Reply<Nothing> Apply(Connection& connection, const Migration& migration, absl::Duration timeout) {
  Pipeline claim;
  claim.Add(kBegin);
  Parameters parameters;
  parameters.Int32(migration.version).Text(migration.name).Text(MigrationChecksum(migration.sql));
  const std::size_t recorded = claim.Add(kRecord, std::move(parameters));
  const Reply<std::vector<Rows>> claimed = connection.Run(claim, timeout);
  if (!claimed.ok()) return claimed.error();
  if ((*claimed)[recorded].affected() == 0) return connection.Execute(kRollback.text, timeout);
  Reply<Nothing> applied = connection.Execute(std::string(migration.sql), timeout);
  return applied.ok() ? connection.Execute(kCommit.text, timeout) : applied;
}

// One step towards the schema. False when nothing is left to do.
absl::StatusOr<bool> Advance(Connection& connection, std::span<const Migration> known,
                             absl::Duration timeout) {
  const Reply<Rows> applied = connection.Run(kApplied, {}, timeout);
  if (!applied.ok()) {
    if (applied.error().sqlstate != kNoSuchTable) return GoOn(applied.error());
    const Reply<Nothing> created = connection.Execute(kCreateRecord, timeout);
    return created.ok() ? true : GoOn(created.error());
  }
  const absl::Status in_order = CompareRecord(*applied, known);
  if (!in_order.ok()) return in_order;
  const auto next = static_cast<std::size_t>(applied->size());
  if (next == known.size()) return false;
  if (next > known.size()) {
    const absl::Status may_use = MayUse(connection, applied->size(), known.size(), timeout);
    if (!may_use.ok()) return may_use;
    return false;
  }
  const Reply<Nothing> done = Apply(connection, known[next], timeout);
  return done.ok() ? true : GoOn(done.error());
}

}  // namespace

std::span<const Migration> EmbeddedMigrations() {
  static const auto migrations = MigrationsIn(embedded::kPostgresMigrations);
  return migrations;
}

absl::Status Migrate(Connection& connection, std::span<const Migration> known, absl::Duration timeout) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const absl::StatusOr<bool> more = Advance(connection, known, timeout);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat(kDoing, ": other daemons were always in the way; try again"));
}

}  // namespace muster::postgres

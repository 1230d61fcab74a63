#include "store/sqlite/migrations.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "generated/sqlite_migrations.h"

namespace muster::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x4D555354;  // "MUST"

constexpr char kCreateRecord[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " checksum TEXT NOT NULL,"      // SHA-256 of the file
    " applied_at INTEGER NOT NULL"  // microseconds since 1970
    ") STRICT";

constexpr char kRecord[] =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
    " VALUES (?, ?, ?, unixepoch() * 1000000)";

bool HasContent(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return !error && size > 0;
}

// SQLite itself takes a file of a few bytes for an empty database.
bool HasMagic(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  char start[kMagic.size()] = {};
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return true;  // let SQLite say why
  file.read(start, sizeof start);
  return file.good() && std::string_view(start, sizeof start) == kMagic;
}

// A file without a log next to it is read without even a lock file. With a log, only SQLite can say what the
// two of them hold. A rollback journal is left by a crash in the very first moment of a database, before it
// has a log; to undo it needs a writer.
Access AccessToInspect(const std::string& path) {
  if (HasContent(path + "-journal")) return Access::kReadWrite;
  return HasContent(path + "-wal") ? Access::kReadOnly : Access::kLookOnly;
}

absl::Status NotADatabase(const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is not a SQLite database. It was left as it is; choose another path."));
}

absl::Status IsDamaged(const std::string& path, const absl::Status& found) {
  return absl::DataLossError(absl::StrCat(path, " is damaged (", std::string(found.message()),
                                          "). It was left as it is. Restore a backup, or save what can be "
                                          "read: see \"Damage\" in docs/database.md."));
}

absl::Status SomeoneElses(const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is the database of another program. It was left as it is; choose another path."));
}

// Compares the rows of schema_migrations with what this program knows.
absl::Status CompareRecord(Database& database, const std::string& path, std::span<const Migration> known) {
  absl::StatusOr<Statement> applied =
      database.Prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version");
  if (!applied.ok()) return applied.status();
  for (std::size_t row = 0;; ++row) {
    const absl::StatusOr<bool> found = applied->Step();
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    const RecordedMigration recorded = {applied->Int64(0), applied->Text(1), applied->Text(2)};
    if (recorded.version > std::ssize(known)) return SchemaTooNew(path, recorded.version, known.size());
    absl::Status as_released = CompareRecorded(path, recorded, row, known);
    if (!as_released.ok()) return as_released;
  }
}

absl::Status InspectOpen(Database& database, const std::string& path, std::span<const Migration> known) {
  const absl::StatusOr<std::int64_t> application = database.QueryInt64("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const absl::StatusOr<std::int64_t> tables = database.QueryInt64("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*application == 0 && *tables == 0) return absl::OkStatus();
  if (*application != kApplicationId) return SomeoneElses(path);
  const absl::StatusOr<std::int64_t> version = database.QueryInt64("PRAGMA user_version");
  if (!version.ok()) return version.status();
  // The number is checked first: a newer program may even have changed the record.
  if (*version > std::ssize(known)) return SchemaTooNew(path, *version, known.size());
  return CompareRecord(database, path, known);
}

absl::Status Apply(Database& database, const Migration& migration) {
  Transaction transaction(database);
  absl::Status status = transaction.Begin();
  if (status.ok()) status = database.Execute(kCreateRecord);
  if (status.ok()) status = database.Execute(std::string(migration.sql));
  if (!status.ok()) return status;
  absl::StatusOr<Statement> record = database.Prepare(kRecord);
  if (!record.ok()) return record.status();
  status = record->Run(migration.version, migration.name, std::string_view(MigrationChecksum(migration.sql)));
  if (!status.ok()) return status;
  status = database.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                         "; PRAGMA user_version = ", migration.version));
  return status.ok() ? transaction.Commit() : status;
}

}  // namespace

std::span<const Migration> EmbeddedMigrations() {
  static const auto migrations = MigrationsIn(embedded::kSqliteMigrations);
  return migrations;
}

absl::Status Inspect(const Location& location, std::span<const Migration> known) {
  const std::string& path = location.path;
  if (!HasContent(path)) return absl::OkStatus();
  const Access access = AccessToInspect(path);
  if (access == Access::kLookOnly && !HasMagic(path)) return NotADatabase(path);
  absl::StatusOr<Database> database = Database::Open(location, access);
  const absl::Status found = database.ok() ? InspectOpen(*database, path, known) : database.status();
  if (!absl::IsDataLoss(found)) return found;
  // A database whose first bytes are not sound either was one as long as its log is there.
  return HasMagic(path) || HasContent(path + "-wal") ? IsDamaged(path, found) : NotADatabase(path);
}

absl::Status Migrate(Database& database, std::span<const Migration> known) {
  const absl::StatusOr<std::int64_t> version = database.QueryInt64("PRAGMA user_version");
  if (!version.ok()) return version.status();
  for (const Migration& migration : known) {
    if (migration.version <= *version) continue;
    absl::Status applied = Apply(database, migration);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

}  // namespace muster::sqlite

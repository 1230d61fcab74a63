#include "store/sqlite/database.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "store/sqlite/failure.h"
#include "store/sqlite/log_binding.h"
#include "store/sqlite/watched_vfs.h"

namespace muster::sqlite {
namespace {

// How long a statement waits for a lock of another process, such as a backup that begins. It is short enough
// for every caller, and longer than the short locks of SQLite itself.
constexpr int kBusyTimeoutMs = 250;

// The limit is what the log may keep on the disk after it was moved into the database.
constexpr char kWriterSettings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA journal_size_limit = 67108864;";

constexpr char kEveryonesSettings[] =
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;";

// As a URI, because only a URI can say that the file does not change while it is read.
std::string ImmutableUri(const std::string& path) {
  return absl::StrCat("file://", absl::StrReplaceAll(path, {{"%", "%25"}, {"?", "%3f"}, {"#", "%23"}}),
                      "?immutable=1");
}

int FlagsFor(Access access) {
  constexpr int kCommon = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::kReadWrite:
      return kCommon | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Access::kReadOnly:
      return kCommon | SQLITE_OPEN_READONLY;
    case Access::kMoveLog:
      return kCommon | SQLITE_OPEN_READWRITE;
    case Access::kLookOnly:
      return kCommon | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  }
  return kCommon;
}

}  // namespace

absl::StatusOr<Database> Database::Open(const Location& location, Access access) {
  const std::string& path = location.path;
  const std::string name = access == Access::kLookOnly ? ImmutableUri(path) : path;
  // Before SQLite is used for the first time. It counts its memory under a lock at every allocation, and
  // nothing in Muster asks for the count.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, FlagsFor(access),
                                   location.vfs.empty() ? nullptr : location.vfs.c_str());
  if (connection == nullptr) return absl::ResourceExhaustedError(absl::StrCat(path, ": out of memory"));
  Database database(connection);
  if (code != SQLITE_OK) return LastFailure(connection, absl::StrCat("opening ", path));
  (void)sqlite3_file_control(connection, "main", kControlDiskWatch, &database.watch_);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  absl::Status set = database.Execute(kEveryonesSettings);
  if (!set.ok()) return set;
  if (access != Access::kReadWrite) return database;

  // SQLite falls back to reading where it may not write. Without this check the first commit would find out.
  if (sqlite3_db_readonly(connection, "main") == 1) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": may not be written. Check its owner and mode."));
  }
  set = database.Execute(kWriterSettings);
  if (!set.ok()) return set;
  // Replaces the checkpoints that SQLite makes itself.
  database.log_ = std::make_unique<Log>();
  sqlite3_wal_hook(connection, &CountLogPages, database.log_.get());
  for (const auto& [statement, sql] :
       {std::pair{&database.begin_, "BEGIN IMMEDIATE"}, std::pair{&database.commit_, "COMMIT"},
        std::pair{&database.rollback_, "ROLLBACK"}}) {
    absl::StatusOr<Statement> prepared = database.Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return database;
}

Database::~Database() {
  // Statements refer to the connection: they go first.
  begin_ = Statement();
  commit_ = Statement();
  rollback_ = Statement();
  name_log_ = Statement();
  sqlite3_close_v2(connection_);
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return LastFailure(connection_, sql);
  return Statement(statement);
}

absl::Status Database::Execute(const std::string& script) {
  const int code = sqlite3_exec(connection_, script.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : LastFailure(connection_, script);
}

absl::StatusOr<std::int64_t> Database::QueryInt64(std::string_view sql) {
  absl::StatusOr<Statement> query = Prepare(sql);
  if (!query.ok()) return query.status();
  const absl::StatusOr<bool> row = query->Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError(absl::StrCat("no row, in: ", std::string(sql)));
  return query->Int64(0);
}

absl::Status Database::Begin() {
  absl::Status begun = begin_.Run();
  log_->binds = log_->bind_next && name_log_.prepared();
  if (!begun.ok() || !log_->binds) return begun;
  begun = name_log_.Run();
  if (!begun.ok()) Rollback();
  return begun;
}

absl::Status Database::BindLogs() {
  absl::StatusOr<Statement> prepared = Prepare(kNameLog);
  if (!prepared.ok()) return prepared.status();
  name_log_ = *std::move(prepared);
  BindNext();
  return absl::OkStatus();
}

absl::Status Database::Commit() {
  const std::int64_t synced = watch_ == nullptr ? 0 : watch_->log_syncs();
  absl::Status committed = commit_.Run();
  if (committed.ok()) {
    if (log_->binds) log_->bind_next = false;
    return committed;
  }
  // The sync is nearly the last part of a commit. If it fails, or what comes after it, the log may hold all
  // of the commit, and the next start would read it. What fails before leaves no commit in the log.
  const bool in_doubt = FailedToSync(connection_) || (watch_ != nullptr && watch_->log_syncs() != synced);
  Rollback();
  return in_doubt ? InDoubt(std::move(committed)) : committed;
}

void Database::Rollback() {
  if (sqlite3_get_autocommit(connection_) != 0) return;
  // It may report again the failure that led here; the transaction is over in any case.
  (void)rollback_.Run();
}

absl::StatusOr<Database::Moved> Database::Checkpoint() {
  int in_log = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if (code != SQLITE_OK) return LastFailure(connection_, "checkpoint");
  if (log_ != nullptr && moved == in_log) BindNext();
  return Moved{in_log, moved};
}

absl::Status Database::CheckpointAll() {
  int in_log = 0;
  int moved = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(connection_, "main", SQLITE_CHECKPOINT_TRUNCATE, &in_log, &moved);
  const bool only_in_use = code == SQLITE_BUSY && moved == in_log && in_log >= 0;
  if (code != SQLITE_OK && !only_in_use) return LastFailure(connection_, "checkpoint");
  BindNext();
  return absl::OkStatus();
}

absl::Status Database::SyncFile() {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) {
    return LastFailure(connection_, "the database's file");
  }
  if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK) return absl::OkStatus();
  return absl::UnavailableError("the database's file cannot be synced");
}

absl::Status Database::SyncCommits(bool sync) {
  absl::Status set = Execute(sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  // What would be committed now would be acknowledged before it is on the disk.
  if (sync && !set.ok() && watch_ != nullptr) {
    watch_->Stop({DiskWatch::Kind::kNotSyncing, std::string(set.message())});
  }
  return set;
}

int Database::CountLogPages(void* log, sqlite3* /*connection*/, const char* /*schema*/, int pages) {
  Log& count = *static_cast<Log*>(log);
  if (pages < count.pages) {
    ++count.restarts;
    // Another process moved the log, which none should do: late is better than never.
    if (!count.binds) count.bind_next = true;
  }
  count.pages = pages;
  return SQLITE_OK;
}

}  // namespace muster::sqlite

// One connection to a SQLite database. All of them are opened in the same way: write-ahead log, every commit
// synced to the disk, foreign keys enforced.
//
// A connection, its statements and its transaction belong to one thread at a time. Open one for each thread
// that needs one; connections see each other's commits. failure.h describes the failures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/sqlite/disk_watch.h"
#include "store/sqlite/statement.h"

struct sqlite3;

namespace muster::sqlite {

enum class Access {
  kReadWrite,  // creates the file if there is none
  kReadOnly,   // reads beside the writer
  kMoveLog,    // only Checkpoint and SyncFile, beside the writer
  kLookOnly,   // reads a file that no process has open, and creates nothing next to it
};

/// A file, and the VFS through which SQLite reaches it: a plain path means SQLite's own.
struct Location {
  Location(std::string path_of_file, std::string name_of_vfs = "")  // NOLINT(google-explicit-constructor)
      : path(std::move(path_of_file)), vfs(std::move(name_of_vfs)) {}

  std::string path;  // absolute
  std::string vfs;   // as registered with sqlite3_vfs_register; empty: the default
};

class Database {
 public:
  /// Writes nothing to an existing file of ours, except what its recovery needs.
  static absl::StatusOr<Database> Open(const Location& location, Access access);

  Database(Database&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        watch_(other.watch_),
        log_(std::move(other.log_)),
        begin_(std::move(other.begin_)),
        commit_(std::move(other.commit_)),
        rollback_(std::move(other.rollback_)),
        name_log_(std::move(other.name_log_)) {}
  Database& operator=(Database&&) = delete;
  /// Closes. Precondition: its statements are gone.
  ~Database();

  /// `sql` is one statement. Prepare once, use often.
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  /// Runs a script of any number of statements; stops at the first one that fails.
  absl::Status Execute(const std::string& script);
  /// The integer in the only row and column of a query.
  absl::StatusOr<std::int64_t> QueryInt64(std::string_view sql);

  /// Takes the write lock at once, so that no later statement of the transaction can find it taken.
  absl::Status Begin();
  /// Durable when it returns Ok. On an error the transaction is over and nothing of it happened, unless
  /// IsInDoubt (failure.h).
  absl::Status Commit();
  /// Ends the transaction if there is one. SQLite may already have ended it.
  void Rollback();

  /// How far a Checkpoint came, in pages of the write-ahead log since the log began anew.
  struct Moved {
    std::int64_t in_log = 0;
    std::int64_t moved = 0;
  };
  /// Moves what the log holds into the database, as far as no reader is in the way, and without waiting for
  /// one. If it moved everything, the next transaction begins the log anew.
  absl::StatusOr<Moved> Checkpoint();
  /// Moves all of the log into the database, syncs both, and cuts the log off. A reader may keep it from
  /// being cut off, not from being moved. Only for the writer; no transaction.
  absl::Status CheckpointAll();
  /// From now on the first transaction after each complete checkpoint gives the log a new name
  /// (log_binding.h). A checkpoint of another connection counts as complete when BindNext is called.
  absl::Status BindLogs();
  void BindNext() { log_->bind_next = true; }
  /// Syncs to the disk what Checkpoint moved. SQLite itself does so only when all of the log is moved.
  absl::Status SyncFile();
  /// The pages in the log. Only for the writer. Commits never checkpoint by themselves: so a commit takes the
  /// same time whatever was written before.
  std::int64_t log_pages() const { return log_ == nullptr ? 0 : log_->pages; }
  /// How often the log began anew.
  std::int64_t log_restarts() const { return log_ == nullptr ? 0 : log_->restarts; }

  /// Whether commits wait for the disk. By default they do. Commits that do not wait keep their order; the
  /// next commit that waits makes them durable. If it cannot be switched on again, the DiskWatch stops.
  /// Precondition: no transaction.
  absl::Status SyncCommits(bool sync);

 private:
  struct Log {
    std::int64_t pages = 0;
    std::int64_t restarts = 0;
    bool bind_next = false;  // the next transaction may begin the log anew
    bool binds = false;      // the one that is under way names the log
  };

  explicit Database(sqlite3* connection) : connection_(connection) {}
  static int CountLogPages(void* log, sqlite3* connection, const char* schema, int pages);

  sqlite3* connection_;
  DiskWatch* watch_ = nullptr;  // of its WatchedVfs, if it has one
  std::unique_ptr<Log> log_;    // of the writer; SQLite has its address
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  Statement name_log_;
};

/// A transaction for code that may leave early: rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(&database) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() { database_->Rollback(); }

  absl::Status Begin() { return database_->Begin(); }
  absl::Status Commit() { return database_->Commit(); }

 private:
  Database* database_;
};

}  // namespace muster::sqlite

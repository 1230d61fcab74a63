// The database of a roll: found, locked, inspected, opened and brought up to date, in this order, so that
// errors are reported before anything is written.
//
// One process at a time has a database. SQLite would let two daemons write in turns. But each daemon has a
// copy of the roll in memory, and the copy would be wrong after the first commit of the other. So the daemon
// holds a lock of its own, on PATH-lock, for as long as it has the database. The kernel releases the lock
// when the process ends, in whatever way: a file that a killed daemon left locks nothing. Other programs may
// read the database meanwhile; they do not look at this lock.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "store/sqlite/database.h"
#include "store/sqlite/watched_vfs.h"

namespace muster::sqlite {

/// The one name of a database file: all its paths lead to this name, also through symbolic links, whether or
/// not the file exists yet. The directory must exist.
///
/// A file with several hard links is refused: SQLite keeps its log next to one of the names, and a process
/// that opens another name would not see what is in the log.
absl::StatusOr<std::string> ResolveDatabasePath(const std::string& path);

class FileLock {
 public:
  /// Locks `database`, a resolved path. `holder` is our name. A process that comes second gets
  /// FAILED_PRECONDITION, with the holder, its process id and the time since it has the lock. Never waits.
  static absl::StatusOr<FileLock> Acquire(const std::string& database, std::string_view holder);

  FileLock(FileLock&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  /// Unlocks and removes the lock file.
  ~FileLock();

  /// Where the lock file is removed, a second process could lock the database: from now on `watch` looks
  /// after it.
  void Watch(DiskWatch& watch) const;

 private:
  FileLock(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

/// Open for as long as it lives. Other connections (of readers) must be gone before it.
struct DatabaseFile {
  FileLock lock;                    // first, so that it goes last
  std::unique_ptr<WatchedVfs> vfs;  // below all connections
  Location location;                // resolved, through the vfs: give this one to Database::Open
  Database connection;              // the writer's

  const std::shared_ptr<DiskWatch>& watch() const { return vfs->watch(); }
};

/// A process that comes second is told `holder`. Errors are for the operator and say what to do.
absl::StatusOr<DatabaseFile> OpenDatabaseFile(const Location& location, std::string_view holder);

}  // namespace muster::sqlite

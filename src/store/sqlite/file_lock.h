// One process at a time has a database.
//
// SQLite would let two daemons write in turns; each keeps a picture of the roll in memory and would lie to
// its workers after the other's first commit. So the daemon holds a lock of its own, on PATH-lock, for as
// long as it has the database. The kernel gives the lock back when the process ends, however it ends: a file
// that a killed daemon left behind is in nobody's way. Other programs may read the database meanwhile; they
// do not look at this lock.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace muster::sqlite {

/// The one name of a database file that all its paths lead to, through symbolic links too, whether or not the
/// file exists yet. The directory must exist.
///
/// A file with several hard links is refused: SQLite keeps its log next to one of the names, and whoever
/// comes by another name would miss what is in it.
absl::StatusOr<std::string> ResolveDatabasePath(const std::string& path);

class FileLock {
 public:
  /// Locks `database`, a resolved path. `holder` says who we are, for the message to the one who comes
  /// second: FAILED_PRECONDITION, with the holder, its process id and since when. Never waits.
  static absl::StatusOr<FileLock> Acquire(const std::string& database, std::string_view holder);

  FileLock(FileLock&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  /// Unlocks and removes the lock file.
  ~FileLock();

 private:
  FileLock(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

}  // namespace muster::sqlite

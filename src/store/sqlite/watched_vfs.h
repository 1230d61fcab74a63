// A VFS between SQLite and the files of one database: it looks at each write and each sync of the database
// and of its log, and tells a DiskWatch.
//
//   - A sync that fails stops the watch. From then on nothing is written, truncated or deleted.
//   - After each sync, before SQLite hears of its success, the database and the log must still have a name.
//   - The log must not have been cut off: each transaction finds it at least as long as SQLite believes.
//
// A commit costs two or three fstat more than without. Everything else is passed on as it is.
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/disk_watch.h"

namespace muster::sqlite {

/// sqlite3_file_control on a database that was opened through a WatchedVfs: gives its DiskWatch*.
inline constexpr int kControlDiskWatch = 0x4D555701;

class WatchedVfs {
 public:
  /// For the database at `path`, over the VFS of this name; empty: SQLite's own. A VFS with a name has no
  /// files that the kernel knows: it is asked by SQLITE_FCNTL_HAS_MOVED. It must outlive this.
  WatchedVfs(std::string path, const std::string& base);
  /// Precondition: all connections through it are closed.
  ~WatchedVfs();
  WatchedVfs(const WatchedVfs&) = delete;
  WatchedVfs& operator=(const WatchedVfs&) = delete;

  /// As it is registered; no other one has this name.
  const std::string& name() const;
  const std::shared_ptr<DiskWatch>& watch() const;

  struct Registered;

 private:
  std::unique_ptr<Registered> registered_;
};

}  // namespace muster::sqlite

// A disk that fails when a test wants it: a VFS over the one of SQLite, through which a store reaches its
// files.
//
//     FaultVfs disk;
//     Open("sqlite:" + path, {.sqlite_vfs = disk.name()});
//     disk.fail_syncs = 1;  // the next fsync of the log fails, after all of it was written
#pragma once

#include <atomic>
#include <memory>
#include <string>

struct sqlite3_vfs;

namespace muster::testing {

/// Registered from construction to destruction. The databases must be closed before its destruction.
/// Thread-safe.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const { return name_; }

  // Failures of the write-ahead log; each failure counts down. `error` is the errno that goes with it.
  std::atomic<int> fail_syncs = 0;
  std::atomic<int> fail_writes = 0;
  std::atomic<int> error = 5;  // EIO
  /// The fsyncs of the log that were asked for.
  std::atomic<int> syncs = 0;

 private:
  const std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace muster::testing

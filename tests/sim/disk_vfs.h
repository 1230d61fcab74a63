// SQLite on a Disk: the real store runs on it, and does not know.
//
// It behaves as SQLite's own VFS for Unix, with these differences: there is no other process; the index of
// the log is no file (a machine that comes up, and the first process that opens a database, find it empty in
// either case); there are no memory-mapped reads. Time is the given clock's, and SQLite waits by Disk::Sleep.
//
// The store also looks at the real file system: the directory of a database must exist, and has the lock
// file.
#pragma once

#include <memory>
#include <string>

#include "muster/clock.h"
#include "tests/sim/disk.h"

namespace muster::sim {

/// Registered from construction to destruction; the databases must be closed before its destruction. The
/// names of two that live at the same time differ. Not thread-safe: so all connections belong to one thread.
///
/// SQLite has one generator of random numbers for the whole process. It is seeded anew, from the disk.
class DiskVfs {
 public:
  DiskVfs(Disk& disk, const Clock& clock);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  /// For StoreOptions::sqlite_vfs.
  const std::string& name() const;

  struct Registered;

 private:
  std::unique_ptr<Registered> registered_;
};

}  // namespace muster::sim

// A disk in memory, for simulations: with a page cache over it, deterministic from a seed, and with all that
// happens to disks. It fails, it is full, it is slow; its process is killed, its power goes.
//
//     Disk disk(seed);
//     const DiskVfs vfs(disk, clock);  // disk_vfs.h: for SQLite
//     Open("sqlite:" + path, {.sqlite_vfs = vfs.name()});
//     disk.DieAfter(17, /*power=*/true);
//     ...                              // until disk.dead()
//     store.reset();                   // what is left of the dead process; it reaches nothing any more
//     disk.Revive();                   // and the next one starts
//
// It is as hard as a file system may be, and not harder:
//   - What is written is in the page cache: a killed process loses nothing of it.
//   - What is not synced is lost with the power, or not, in sectors of 512 bytes and in no order. A torn
//   sector
//     does not damage its neighbours (SQLite's "powersafe overwrite"; so do ext4 and XFS).
//   - Names that were created or removed are durable when their directory is synced. Without this they may be
//     lost, or be back. The sync of a file says nothing about its name.
//   - After a failed sync everything still reads well. Its pages count as clean: no later sync writes them,
//   and
//     they are gone with the power, unless they are written and synced once more. Only the handle that asked
//     for the sync is told.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "tests/sim/file_bytes.h"

namespace muster::sim {

class OpenFile;

/// Not thread-safe. Must outlive its open files.
class Disk {
 public:
  explicit Disk(std::uint64_t seed) : dice_(seed) {}
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Deaths of the process, or of its machine. All open files are dead from then on: each operation on them
  // fails with EIO and changes nothing. Nothing can be opened until Revive.

  /// kill -9. What was written stays. May also be called by `stall`.
  void Kill();
  /// Kill, and what was not synced is lost, or a part of it.
  void LosePower();
  /// Kill or LosePower in the middle of the n-th operation from now on that changes the disk: a write, a
  /// truncate, a sync (of a file or a directory) or a delete. A write may be torn. 0: never.
  void DieAfter(int operations, bool power);
  /// From a death to Revive.
  bool dead() const { return dead_; }
  /// The next process starts. Drops a DieAfter; the faults stay as they are.
  void Revive();

  struct Faults {
    // So many of the next ones fail; counted down. A write that fails writes nothing.
    int fail_log_writes = 0;
    int fail_log_syncs = 0;
    int fail_main_writes = 0;
    int fail_main_syncs = 0;
    int error = EIO;    // the errno that goes with them: EIO, ENOSPC, EDQUOT
    bool full = false;  // no file can grow (ENOSPC); what is there can be written over
    // A slow disk.
    absl::Duration log_sync_takes;
    absl::Duration main_sync_takes;
  };
  Faults faults;

  /// Called in an operation that takes time, with how long it takes. It may let other parts of a simulation
  /// run, also with the same files. Not called for a dead process.
  std::function<void(absl::Duration)> stall;

  /// What was asked for since the beginning, also what failed.
  struct Counters {
    std::int64_t log_writes = 0;
    std::int64_t log_syncs = 0;
    std::int64_t main_writes = 0;
    std::int64_t main_syncs = 0;
    std::int64_t changes = 0;  // as counted by DieAfter, of all files
  };
  const Counters& counters() const { return counters_; }

  // Accidents, by people. They are on the disk at once. Nothing happens where there is no file to remove or
  // to truncate.

  /// A process that has it open goes on with a file without a name.
  void Remove(const std::string& path);
  void Truncate(const std::string& path, std::int64_t size);
  /// Moves another file to this name. A process that has the old one open goes on with it, without a name.
  void Replace(const std::string& path, std::string_view content);
  /// What a reader of the file sees; unset if there is none.
  std::optional<std::string> Read(const std::string& path) const;

  // What a file system offers. Errors: false or null, and errno. Paths are absolute; directories need not be
  // made.

  enum class Kind { kMain, kLog, kOther };  // of a file: the database, its write-ahead log, anything else
  enum class Creation { kNone, kIfMissing, kOnlyNew };
  std::unique_ptr<OpenFile> Open(const std::string& path, Kind kind, Creation creation);
  bool Delete(const std::string& path);
  bool SyncDirectoryOf(const std::string& path);
  std::optional<std::int64_t> SizeOf(const std::string& path) const;  // unset if there is none

  /// Lets time pass for the process.
  void Sleep(absl::Duration time);
  /// Of the disk's seed.
  std::uint64_t RandomBits() { return dice_.Bits(); }

 private:
  friend class OpenFile;

  /// Where a name leads: now, and after a loss of power without another sync.
  struct Name {
    std::shared_ptr<FileBytes> now;
    std::shared_ptr<FileBytes> on_disk;
  };

  std::shared_ptr<FileBytes> Find(const std::string& path) const;
  void Die();
  /// To be asked once by each operation that changes the disk. If so, it does a part of its work, and then
  /// Die.
  bool DiesNow();

  Dice dice_;
  std::map<std::string, Name> names_;
  Counters counters_;
  bool dead_ = false;
  std::int64_t life_ = 0;  // how many deaths there were
  int dies_after_ = 0;
  bool by_power_ = false;
};

/// A file that a process has open.
class OpenFile {
 public:
  OpenFile(Disk& disk, std::string path, Disk::Kind kind, std::shared_ptr<FileBytes> bytes)
      : disk_(disk), path_(std::move(path)), kind_(kind), life_(disk.life_), bytes_(std::move(bytes)) {}

  bool dead() const { return life_ != disk_.life_; }
  std::int64_t life() const { return life_; }
  const std::string& path() const { return path_; }
  /// Which file it is.
  const FileBytes* id() const { return bytes_.get(); }
  /// Whether its path still leads to it.
  bool HasItsName() const { return disk_.Find(path_) == bytes_; }

  // Errors: unset or false, and errno.

  std::optional<std::int64_t> Size() const;
  /// How many bytes there were: less than asked for at the end of the file.
  std::optional<std::size_t> Read(std::span<char> to, std::int64_t at) const;
  bool Write(std::string_view data, std::int64_t at);
  bool Truncate(std::int64_t size);
  bool Sync();

 private:
  bool StallsFor(absl::Duration time);

  Disk& disk_;
  const std::string path_;
  const Disk::Kind kind_;
  const std::int64_t life_;
  const std::shared_ptr<FileBytes> bytes_;
};

}  // namespace muster::sim

// What the connections to one database share, beside its bytes: the locks on its file, and the memory that
// SQLite keeps the index of its log in. It belongs to one life of the process; the next one begins without.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace muster::sim {

class FileLocks;

/// The lock of one connection on the file of the database, as unixLock of SQLite gives it.
class FileLock {
 public:
  explicit FileLock(std::shared_ptr<FileLocks> file);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() { Lower(0); }

  // Levels are those of SQLite, SQLITE_LOCK_NONE to SQLITE_LOCK_EXCLUSIVE.

  /// False: another one is in the way.
  bool Raise(int level);
  /// Whether Raise comes so far as to try. It may find readers then.
  bool MayRaise(int level) const;
  void Lower(int level);
  /// Whether any connection is about to write.
  bool AnyReserved() const;

 private:
  const std::shared_ptr<FileLocks> file_;
  int level_ = 0;
};

/// Fresh, and all zeros, for the first connection that maps it.
struct SharedMemory {
  static constexpr std::size_t kSlots = 8;  // SQLITE_SHM_NLOCK
  static constexpr int kExclusive = -1;

  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, kSlots> locks = {};  // of each slot: kExclusive, or how many share it
};

/// All connections of one file.
class FileLocks {
 public:
  std::shared_ptr<SharedMemory> Memory() {
    std::shared_ptr<SharedMemory> memory = memory_.lock();
    if (memory == nullptr) memory_ = memory = std::make_shared<SharedMemory>();
    return memory;
  }

 private:
  friend class FileLock;

  int level_ = 0;   // the highest of all
  int shared_ = 0;  // how many have a lock
  std::weak_ptr<SharedMemory> memory_;
};

/// One connection's part in the shared memory.
class MappedMemory {
 public:
  explicit MappedMemory(std::shared_ptr<SharedMemory> memory) : memory_(std::move(memory)) {}
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory() { Unlock(0, SharedMemory::kSlots); }

  /// Null if there is no such region, and `extend` does not ask for it.
  volatile void* Region(std::size_t index, std::size_t bytes, bool extend);
  /// All of the slots, or none.
  bool LockShared(std::size_t first, std::size_t count);
  bool LockExclusive(std::size_t first, std::size_t count);
  void Unlock(std::size_t first, std::size_t count);

 private:
  enum class Held { kNo, kShared, kExclusive };

  const std::shared_ptr<SharedMemory> memory_;
  std::array<Held, SharedMemory::kSlots> held_ = {};
};

}  // namespace muster::sim

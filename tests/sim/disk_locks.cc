#include "tests/sim/disk_locks.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace muster::sim {
namespace {

constexpr int kPending =
    3;  // between SQLITE_LOCK_RESERVED and SQLITE_LOCK_EXCLUSIVE; SQLite gives it no name

}  // namespace

FileLock::FileLock(std::shared_ptr<FileLocks> file) : file_(std::move(file)) {}

bool FileLock::MayRaise(int level) const {
  if (level_ >= level) return true;
  const bool others_are_higher = file_->level_ != level_;
  return !others_are_higher || (file_->level_ < kPending && level <= SQLITE_LOCK_SHARED);
}

bool FileLock::Raise(int level) {
  if (level_ >= level) return true;
  if (!MayRaise(level)) return false;
  if (level == SQLITE_LOCK_SHARED) {
    ++file_->shared_;
    file_->level_ = std::max(file_->level_, level);
    level_ = level;
    return true;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE && file_->shared_ > 1) {
    level_ = file_->level_ = kPending;  // waits for the readers to go, and lets no new ones in
    return false;
  }
  level_ = file_->level_ = level;
  return true;
}

void FileLock::Lower(int level) {
  if (level_ <= level) return;
  if (level_ > SQLITE_LOCK_SHARED) file_->level_ = SQLITE_LOCK_SHARED;
  if (level == SQLITE_LOCK_NONE && --file_->shared_ == 0) file_->level_ = SQLITE_LOCK_NONE;
  level_ = level;
}

bool FileLock::AnyReserved() const {
  return file_->level_ > SQLITE_LOCK_SHARED;
}

volatile void* MappedMemory::Region(std::size_t index, std::size_t bytes, bool extend) {
  while (extend && memory_->regions.size() <= index) {
    memory_->regions.push_back(std::make_unique<char[]>(bytes));
  }
  return index < memory_->regions.size() ? memory_->regions[index].get() : nullptr;
}

bool MappedMemory::LockShared(std::size_t first, std::size_t count) {
  for (std::size_t slot = first; slot < first + count; ++slot) {
    if (held_.at(slot) == Held::kNo && memory_->locks.at(slot) == SharedMemory::kExclusive) return false;
  }
  for (std::size_t slot = first; slot < first + count; ++slot) {
    if (held_.at(slot) != Held::kNo) continue;
    ++memory_->locks.at(slot);
    held_.at(slot) = Held::kShared;
  }
  return true;
}

bool MappedMemory::LockExclusive(std::size_t first, std::size_t count) {
  for (std::size_t slot = first; slot < first + count; ++slot) {
    if (held_.at(slot) != Held::kExclusive && memory_->locks.at(slot) != 0) return false;
  }
  for (std::size_t slot = first; slot < first + count; ++slot) {
    memory_->locks.at(slot) = SharedMemory::kExclusive;
    held_.at(slot) = Held::kExclusive;
  }
  return true;
}

void MappedMemory::Unlock(std::size_t first, std::size_t count) {
  for (std::size_t slot = first; slot < first + count; ++slot) {
    if (held_.at(slot) == Held::kShared) --memory_->locks.at(slot);
    if (held_.at(slot) == Held::kExclusive) memory_->locks.at(slot) = 0;
    held_.at(slot) = Held::kNo;
  }
}

}  // namespace muster::sim

// From a worker's id to its slot.
//
// Entries hold their hash, so that growing touches no worker. There are many small tables instead of one
// large table, so that none takes long to grow while readers wait. In a large fleet the wait for memory costs
// most: an entry is mostly found in one cache line, and that line can be prefetched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "muster/worker.h"
#include "store/model/slab.h"

namespace muster {

using WorkerPtr = std::shared_ptr<const Worker>;

/// Not thread-safe. The workers must outlive the index.
class IdIndex {
 public:
  explicit IdIndex(const Slab<WorkerPtr>& workers) : workers_(workers) {}

  std::optional<std::uint32_t> Find(std::string_view id) const;

  static std::uint64_t HashOf(std::string_view id) {
    return absl::Hash<absl::string_view>{}(absl::string_view(id.data(), id.size()));
  }
  /// Asks the processor for what Probe will touch.
  void PrefetchEntry(std::uint64_t hash) const {
    const Table& table = TableOf(hash);
    if (table.used > 0) Prefetch(&table.entries[Kept(hash) & table.mask]);
  }
  /// The slot of a worker whose id has this hash: nearly always the right one, so compare its id. kNoSlot if
  /// there is none.
  std::uint32_t Probe(std::uint64_t hash) const;

  /// Precondition: the slot's worker is set and its id is not in the index.
  void Insert(std::uint32_t slot);
  /// Precondition: the slot's worker is still set.
  void Erase(std::uint32_t slot);

 private:
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t slot = kNoSlot;  // kNoSlot: unused
  };
  /// An entry is at the place that its hash gives, or behind it with no unused entry between.
  struct Table {
    std::unique_ptr<Entry[]> entries;
    std::uint32_t mask = 0;  // a power of two, less one
    std::uint32_t used = 0;
  };
  static constexpr std::size_t kTables = 256;
  static constexpr std::uint32_t kSmallest = 8;

  const Table& TableOf(std::uint64_t hash) const { return tables_[hash % kTables]; }
  static std::uint32_t Kept(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  /// The first slot of this hash that `is_wanted`.
  template <typename IsWanted>
  std::uint32_t FindIn(const Table& table, std::uint32_t hash, IsWanted is_wanted) const {
    if (table.used == 0) return kNoSlot;
    for (std::uint32_t at = hash & table.mask;; at = (at + 1) & table.mask) {
      const Entry& entry = table.entries[at];
      if (entry.slot == kNoSlot || (entry.hash == hash && is_wanted(entry.slot))) return entry.slot;
    }
  }
  static void Put(Table& table, Entry entry);
  static void Grow(Table& table);

  const Slab<WorkerPtr>& workers_;
  std::array<Table, kTables> tables_;  // by the low bits of the hash
};

}  // namespace muster

// From a worker's id to its slot.
//
// Entries carry their hash, so that growing touches no worker; and there are many small tables instead of one
// large one, so that none takes long to grow while readers wait.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "muster/worker.h"
#include "store/model/slab.h"

namespace muster {

using WorkerPtr = std::shared_ptr<const Worker>;

/// Not thread-safe. The workers must outlive the index.
class IdIndex {
 public:
  explicit IdIndex(const Slab<WorkerPtr>& workers);

  std::optional<std::uint32_t> Find(std::string_view id) const;
  /// Precondition: the slot's worker is set and its id is not in the index.
  void Insert(std::uint32_t slot);
  /// Precondition: the slot's worker is still set.
  void Erase(std::uint32_t slot);

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint32_t slot;
  };
  struct Wanted {
    std::uint32_t hash;
    std::string_view id;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Entry& entry) const { return Spread(entry.hash); }
    std::size_t operator()(const Wanted& wanted) const { return Spread(wanted.hash); }
    static std::size_t Spread(std::uint32_t hash) {
      const std::uint64_t spread = hash * 0x9e3779b97f4a7c15ULL;
      return static_cast<std::size_t>(spread ^ (spread >> 32));
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.slot == b.slot; }
    bool operator()(const Entry& a, const Wanted& b) const {
      return a.hash == b.hash && (*workers)[a.slot]->id == b.id;
    }
    bool operator()(const Wanted& a, const Entry& b) const { return (*this)(b, a); }
    const Slab<WorkerPtr>* workers;
  };
  using Table = absl::flat_hash_set<Entry, Hash, Equal>;
  static constexpr std::size_t kTables = 256;

  static std::uint64_t HashOf(std::string_view id) {
    return absl::Hash<absl::string_view>{}(absl::string_view(id.data(), id.size()));
  }
  static std::uint32_t Kept(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  const Slab<WorkerPtr>& workers_;
  std::array<Table, kTables> tables_;  // by the low bits of the hash
};

}  // namespace muster

// Slots in the order of their workers' ids, for lists that are paged by key.
//
// A sorted array in leaves of bounded size. Each leaf counts its workers by status. So a list of the few
// Offline workers of a large fleet skips whole leaves instead of a look at every worker. A change of status
// costs two counters, and moves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "muster/queries.h"
#include "muster/worker.h"
#include "store/model/id_index.h"
#include "store/model/slab.h"

namespace muster {

/// A set of statuses, one bit each.
using StatusMask = std::uint8_t;
inline constexpr StatusMask kAnyStatus = 0xff;
inline StatusMask MaskOf(WorkerStatus status) {
  return static_cast<StatusMask>(1U << static_cast<unsigned>(status));
}

/// The filter's statuses as a mask; no statuses means any.
StatusMask StatusesOf(const WorkerFilter& filter);
/// Whether all of the filter's conditions hold.
bool Matches(const WorkerFilter& filter, StatusMask statuses, const Worker& worker);

/// Not thread-safe. The slabs must outlive it. A slot is in only one of the indexes that share `leaf_of`.
class OrderIndex {
 public:
  OrderIndex(const Slab<WorkerPtr>& workers, Slab<std::uint32_t>& leaf_of)
      : workers_(workers), leaf_of_(leaf_of) {}

  /// Precondition: the worker of the slot is set, and its id is new. Cheapest in the order of ids.
  void Insert(std::uint32_t slot);
  /// Precondition: the worker of the slot is the one that was inserted, or has its id and status.
  void Erase(std::uint32_t slot);
  void ChangeStatus(std::uint32_t slot, WorkerStatus from, WorkerStatus to);

  /// Calls `visit(slot)` for the slots with id > `after`, in order, until it returns false. May leave out a
  /// slot whose status is not in `statuses`.
  template <typename Visit>
  void VisitAfter(std::string_view after, StatusMask statuses, Visit visit) const {
    for (std::size_t at = LeafFor(after); at < order_.size(); ++at) {
      const Leaf& leaf = *leaves_[order_[at]];
      if (!leaf.HasAny(statuses)) continue;
      for (std::size_t i = FirstAfter(leaf, after); i < leaf.size; ++i) {
        if (!visit(leaf.slots[i])) return;
      }
    }
  }

 private:
  static constexpr std::size_t kLeafSize = 256;
  struct Leaf {
    std::uint16_t size = 0;
    std::array<std::uint16_t, 5> by_status = {};
    std::array<std::uint32_t, kLeafSize> slots;

    std::uint16_t& Count(WorkerStatus status) { return by_status[static_cast<std::size_t>(status)]; }
    bool HasAny(StatusMask statuses) const {
      for (const WorkerStatus status : kAllStatuses) {
        if ((statuses & MaskOf(status)) != 0 && by_status[static_cast<std::size_t>(status)] != 0) return true;
      }
      return false;
    }
  };

  std::string_view IdOf(std::uint32_t slot) const { return workers_[slot]->id; }
  /// The place in order_ of the leaf that has, or would take, `id`. Precondition: not empty; if empty, 0 is
  /// returned.
  std::size_t LeafFor(std::string_view id) const;
  /// The first position in the leaf whose id is greater than `id`.
  std::size_t FirstAfter(const Leaf& leaf, std::string_view id) const;
  std::size_t NewLeaf(std::size_t at);
  void Put(std::uint32_t leaf_number, std::uint32_t slot);
  void MoveTail(std::uint32_t from, std::size_t first, std::uint32_t to);
  void DropLeaf(std::size_t at);

  const Slab<WorkerPtr>& workers_;
  Slab<std::uint32_t>& leaf_of_;               // slot to leaf number
  std::vector<std::unique_ptr<Leaf>> leaves_;  // by leaf number
  std::vector<std::uint32_t> unused_;          // leaf numbers
  std::vector<std::uint32_t> order_;           // leaf numbers in the order of ids; no leaf is empty
};

}  // namespace muster

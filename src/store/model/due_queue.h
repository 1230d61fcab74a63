// Workers that a sweep is about to move, in the order of their slots.
//
// They became due in the order of their heartbeats. For the tables on disk that order is random: to write a
// thousand of a million rows in it touches a thousand pages. In the order of slots, which is about the order
// of keys, it touches a few dozen. Where few workers are due, they are found by time and sorted. Where many
// are, all slots are visited from first to last, and each slot that is due is taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace muster {

/// The writer's thread only. What it holds may be out of date: each slot is checked again when it is taken.
class DueQueue {
 public:
  /// At most `limit` slots for which `is_due(slot)` holds; fewer only if there are no more. Every slot is
  /// below `slots`. `visit_due(visit)` calls visit(slot) for all that are due, until visit returns false.
  template <typename VisitDue, typename IsDue>
  std::vector<std::uint32_t> Take(int limit, std::uint32_t slots, VisitDue visit_due, IsDue is_due) {
    std::vector<std::uint32_t> taken = TakeAhead(limit, is_due);
    if (std::cmp_equal(taken.size(), limit)) return taken;
    // The slots that were taken are still due, so the search finds them again.
    Look(limit, slots, visit_due);
    return TakeAhead(limit, is_due);
  }

 private:
  // To find and sort this many takes a millisecond or two.
  static constexpr std::size_t kMany = 1U << 14;

  template <typename VisitDue>
  void Look(int limit, std::uint32_t slots, VisitDue visit_due) {
    due_.clear();
    const std::size_t many = std::max(kMany, static_cast<std::size_t>(std::max(limit, 0)) + 1);
    visit_due([this, many](std::uint32_t slot) {
      due_.push_back(slot);
      return due_.size() < many;
    });
    goes_through_all_ = due_.size() == many;
    next_ = 0;
    end_ = goes_through_all_ ? slots : static_cast<std::uint32_t>(due_.size());
    if (!goes_through_all_) std::sort(due_.begin(), due_.end());
  }

  template <typename IsDue>
  std::vector<std::uint32_t> TakeAhead(int limit, IsDue is_due) {
    std::vector<std::uint32_t> taken;
    for (; next_ < end_ && std::cmp_less(taken.size(), limit); ++next_) {
      const std::uint32_t slot = goes_through_all_ ? next_ : due_[next_];
      if (is_due(slot)) taken.push_back(slot);
    }
    return taken;
  }

  std::vector<std::uint32_t> due_;
  bool goes_through_all_ = false;
  std::uint32_t next_ = 0;  // an index of due_, or a slot
  std::uint32_t end_ = 0;
};

}  // namespace muster

// Workers that a sweep is about to move, a good many ahead, in the order of their slots.
//
// They came to be due in the order of their heartbeats, which is no order at all for the tables on disk: to
// write a thousand of a million rows touches a thousand pages. In the order of slots, which is about that of
// keys, it touches a few dozen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace muster {

/// The writer's thread only. Holds guesses: each is looked at again when it is taken.
class DueQueue {
 public:
  /// At most `limit` slots for which `is_due(slot)` holds; fewer only if there are no more.
  /// `visit_due(visit)` calls visit(slot) for all that are due, until it returns false.
  template <typename VisitDue, typename IsDue>
  std::vector<std::uint32_t> Take(int limit, VisitDue visit_due, IsDue is_due) {
    std::vector<std::uint32_t> taken = TakeAhead(limit, is_due);
    if (std::cmp_equal(taken.size(), limit)) return taken;
    // What was taken is still due, so it is found again.
    slots_.clear();
    next_ = 0;
    const std::size_t most = std::max(kAhead, static_cast<std::size_t>(std::max(limit, 0)));
    visit_due([this, most](std::uint32_t slot) {
      slots_.push_back(slot);
      return slots_.size() < most;
    });
    std::sort(slots_.begin(), slots_.end());
    return TakeAhead(limit, is_due);
  }

 private:
  // To find so many takes a few milliseconds.
  static constexpr std::size_t kAhead = 1U << 17;

  template <typename IsDue>
  std::vector<std::uint32_t> TakeAhead(int limit, IsDue is_due) {
    std::vector<std::uint32_t> taken;
    for (; next_ < slots_.size() && std::cmp_less(taken.size(), limit); ++next_) {
      if (is_due(slots_[next_])) taken.push_back(slots_[next_]);
    }
    return taken;
  }

  std::vector<std::uint32_t> slots_;
  std::size_t next_ = 0;
};

}  // namespace muster

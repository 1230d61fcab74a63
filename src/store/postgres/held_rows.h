// Workers whose rows another program was seen to hold.
//
// A batch does not wait for such a row, nor fail for it: it goes on without, and the next batches look first
// whether the row is free. Bounded. Used by the writer's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "store/postgres/by_id.h"

namespace muster::postgres {

class HeldRows {
 public:
  /// `clock` must outlive it.
  explicit HeldRows(const Clock& clock) : clock_(clock) {}

  bool empty() const { return rows_.empty(); }
  bool Contains(std::string_view id) const { return rows_.contains(id); }
  /// How long it has been held, at least; zero: it is not.
  absl::Duration For(std::string_view id) const {
    const auto found = rows_.find(id);
    if (found == rows_.end()) return absl::ZeroDuration();
    return std::max(absl::Nanoseconds(1), clock_.MonotonicNow() - found->second.since);
  }

  /// It is held now.
  void Saw(std::string_view id) {
    const absl::Duration now = clock_.MonotonicNow();
    if (const auto found = rows_.find(id); found != rows_.end()) {
      found->second.seen = now;
    } else if (rows_.size() < kMax) {
      rows_.emplace(id, Held{now, now});
    }
  }
  void Freed(std::string_view id) { rows_.erase(id); }
  /// Forgets rows that were not met for so long that nothing is known of them any more.
  void ForgetOld() {
    const absl::Duration before = clock_.MonotonicNow() - kRemembered;
    absl::erase_if(rows_, [before](const auto& row) { return row.second.seen < before; });
  }

 private:
  static constexpr std::size_t kMax = 10'000;
  static constexpr absl::Duration kRemembered = absl::Seconds(5);

  struct Held {
    absl::Duration since;
    absl::Duration seen;  // last; on the monotonic clock
  };

  const Clock& clock_;
  ById<Held> rows_;
};

}  // namespace muster::postgres

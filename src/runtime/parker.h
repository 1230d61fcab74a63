// Where the executor's thread sleeps until there is work or a timer is due.
//
// Its own few lines on a futex, because a wait with a deadline in Abseil before 2023 counts on the wall
// clock: a step back by an hour would put every timer of the daemon off by an hour. This one counts on the
// monotonic clock.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace muster {

/// One thread parks, any thread unparks. An Unpark that comes before Park is not lost.
class Parker {
 public:
  /// Returns when unparked, after `at_most` at the latest; may return for no reason.
  void Park(absl::Duration at_most);
  void Unpark();

 private:
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kUnparked = 1;
  static constexpr std::uint32_t kParked = 2;
  std::atomic<std::uint32_t> state_ = kNone;
};

}  // namespace muster

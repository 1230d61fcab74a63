#include "runtime/parker.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace muster {

void Parker::Park(absl::Duration at_most) {
  std::uint32_t expected = kNone;
  if (state_.compare_exchange_strong(expected, kParked)) {
    // A day is as good as forever, and fits every kernel.
    const timespec relative = absl::ToTimespec(std::clamp(at_most, absl::ZeroDuration(), absl::Hours(24)));
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, kParked, &relative,
            nullptr, 0);
  }
  state_.exchange(kNone);
}

void Parker::Unpark() {
  if (state_.exchange(kUnparked) == kParked) {
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
}

}  // namespace muster

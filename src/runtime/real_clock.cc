#include "runtime/real_clock.h"

#include <time.h>

namespace muster {
namespace {

timespec Read(clockid_t id) {
  timespec now = {};
  clock_gettime(id, &now);
  return now;
}

}  // namespace

absl::Time RealClock::WallNow() const {
  const timespec now = Read(CLOCK_REALTIME);
  return absl::FromUnixMicros(static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
}

absl::Duration RealClock::MonotonicNow() const {
  return absl::DurationFromTimespec(Read(CLOCK_BOOTTIME));
}

}  // namespace muster

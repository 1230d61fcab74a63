#include "runtime/real_clock.h"

#include "absl/time/time.h"
#include "tests/catch.h"

namespace muster {
namespace {

TEST_CASE("the wall clock is told in whole microseconds") {
  const absl::Time now = RealClock().WallNow();
  CHECK(now == absl::FromUnixMicros(absl::ToUnixMicros(now)));
  CHECK(now > absl::FromUnixSeconds(1'700'000'000));
}

TEST_CASE("the monotonic clock never goes back") {
  const RealClock clock;
  absl::Duration last = clock.MonotonicNow();
  for (int i = 0; i < 10'000; ++i) {
    const absl::Duration now = clock.MonotonicNow();
    REQUIRE(now >= last);
    last = now;
  }
}

}  // namespace
}  // namespace muster

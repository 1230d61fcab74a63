// The interval that heartbeats are advised.
#include <cstdint>
#include <limits>

#include "catch.h"
#include "muster/commands.h"

using namespace muster;

TEST_CASE("a small fleet beats at the least interval, a large one at the interval that its rate allows") {
  const Settings settings;  // 2 min, 10 s, 50,000 a second
  CHECK(AdvisedInterval(0, settings) == absl::Seconds(10));
  CHECK(AdvisedInterval(-1, settings) == absl::Seconds(10));
  CHECK(AdvisedInterval(500'000, settings) == absl::Seconds(10));
  CHECK(AdvisedInterval(1'000'000, settings) == absl::Seconds(20));
  CHECK(AdvisedInterval(2'000'000, settings) == absl::Seconds(40));
}

TEST_CASE("advice never exceeds a third of the timeout; beyond that pacing is saturated and says so") {
  const Settings settings;
  CHECK_FALSE(PacingSaturated(0, settings));
  CHECK_FALSE(PacingSaturated(2'000'000, settings));
  CHECK(PacingSaturated(2'000'001, settings));
  CHECK(AdvisedInterval(2'000'001, settings) == absl::Seconds(40));
  CHECK(AdvisedInterval(std::numeric_limits<std::int64_t>::max(), settings) == absl::Seconds(40));
}

TEST_CASE("a short timeout shortens the least interval") {
  Settings settings;
  settings.heartbeat_timeout = absl::Seconds(3);
  CHECK(AdvisedInterval(3, settings) == absl::Seconds(1));
  settings.min_heartbeat_interval = absl::Milliseconds(500);
  CHECK(AdvisedInterval(3, settings) == absl::Milliseconds(500));
}

TEST_CASE("jitter spreads by ten percent either way, and never beyond a third of the timeout") {
  const Settings settings;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  CHECK(WithJitter(absl::Seconds(10), 0, settings) == absl::Seconds(9));
  const absl::Duration longest = WithJitter(absl::Seconds(10), kMax, settings);
  CHECK(longest <= absl::Seconds(11));
  CHECK(longest > absl::Seconds(10.999));
  const absl::Duration middle = WithJitter(absl::Seconds(10), kMax / 2, settings);
  CHECK(absl::AbsDuration(middle - absl::Seconds(10)) < absl::Milliseconds(1));
  CHECK(WithJitter(absl::Seconds(40), kMax, settings) == absl::Seconds(40));
}

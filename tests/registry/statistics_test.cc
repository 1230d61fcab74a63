#include "registry/statistics.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(2);

ListeningTime At(int seconds) {
  return ListeningTime() + absl::Seconds(seconds);
}

TEST_CASE("the rate is that of the last minute") {
  RateMeter meter;
  for (int second = 0; second < 120; ++second)
    meter.Add(absl::Seconds(1000 + second), second < 60 ? 100 : 10);
  CHECK(meter.PerSecond(absl::Seconds(1119)) == 10);
  CHECK(meter.PerSecond(absl::Seconds(1149)) == 5);
  CHECK(meter.PerSecond(absl::Seconds(1300)) == 0);
  CHECK(meter.PerSecond(absl::Hours(100)) == 0);
}

TEST_CASE("a young meter divides by its age") {
  RateMeter meter;
  meter.Add(absl::Seconds(50), 0);
  meter.Add(absl::Seconds(53), 40);
  CHECK(meter.PerSecond(absl::Seconds(53)) == 10);
}

TEST_CASE("what was found, how late, and how often falsely") {
  DetectionStats stats;
  stats.CalledOffline(2, {"a", "b"}, absl::Seconds(3), At(1000), kTimeout);
  stats.CalledOffline(5'000, {"c"}, absl::Seconds(2), At(1000), kTimeout);
  stats.CameBackInTime(7);
  CHECK(stats.offline_detected() == 5'002);
  CHECK(stats.false_offlines() == 7);
  CHECK(stats.flaps() == 0);
  CHECK(stats.worst_latency() == absl::Seconds(3));
}

TEST_CASE("a worker that is called Offline again within ten timeouts flaps") {
  DetectionStats stats;
  stats.CalledOffline(1, {"a"}, absl::Seconds(9), At(1000), kTimeout);
  stats.CalledOffline(1, {"a"}, absl::Seconds(1), At(2200), kTimeout);
  CHECK(stats.flaps() == 1);
  stats.CalledOffline(1, {"a"}, absl::Seconds(1), At(3401), kTimeout);
  CHECK(stats.flaps() == 1);
  CHECK(stats.worst_latency() == absl::Seconds(9));
}

TEST_CASE("the oldest are forgotten, so that memory is bounded") {
  DetectionStats stats;
  for (std::size_t i = 0; i <= DetectionStats::kMaxRemembered; ++i) {
    stats.CalledOffline(1, {absl::StrCat("w", i)}, absl::Seconds(0), At(1000), kTimeout);
  }
  stats.CalledOffline(1, {"w0"}, absl::Seconds(0), At(1001), kTimeout);
  CHECK(stats.flaps() == 0);
  stats.CalledOffline(1, {"w2"}, absl::Seconds(0), At(1001), kTimeout);
  CHECK(stats.flaps() == 1);
}

}  // namespace
}  // namespace muster

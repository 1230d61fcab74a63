#include "registry/rate_meter.h"

#include "absl/time/time.h"
#include "tests/catch.h"

namespace muster {
namespace {

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

}  // namespace
}  // namespace muster

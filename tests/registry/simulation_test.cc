// Hours of accidents in seconds: workers, regions, the daemon, its clocks and its store fail as a seed
// decides.
#include <cstdint>

#include "absl/strings/str_join.h"
#include "tests/catch.h"
#include "tests/registry/virtual_fleet.h"

namespace muster {
namespace {

TEST_CASE("whatever fails, no worker that was heard is called Offline, every dead one is, and none is lost") {
  constexpr int kSteps = 250;
  constexpr int kWorkers = 120;
  int called_offline = 0;
  int holds = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    VirtualFleet fleet(seed, kWorkers);
    for (int step = 0; step < kSteps && fleet.broken().empty(); ++step) fleet.Step();
    if (fleet.broken().empty()) fleet.Settle();
    if (!fleet.broken().empty()) {
      FAIL("seed " << seed << ": " << fleet.broken() << "\n" << absl::StrJoin(fleet.history(), "\n"));
    }
    called_offline += fleet.called_offline();
    holds += fleet.holds();
  }
  // The accidents happened at all.
  CHECK(called_offline > 200);
  CHECK(holds > 5);
}

}  // namespace
}  // namespace muster

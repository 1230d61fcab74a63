// The store's own work gets its share of the writer's time: little, more when it is behind, in short steps.
#include "registry/maintenance_pace.h"

#include <algorithm>

#include "catch.h"

namespace muster {
namespace {

// A writer with a turn every half millisecond, on a machine where a step takes `cost` times its planned
// time.
struct Run {
  absl::Duration worked;
  absl::Duration longest;  // once it has settled
};

Run ForASecond(double backlog, double cost) {
  MaintenancePace pace;
  absl::Duration now = absl::Seconds(100);
  Run run;
  for (int turn = 0; now < absl::Seconds(101); ++turn) {
    now += absl::Microseconds(500);
    const absl::Duration budget = pace.Budget(now, backlog, false);
    if (budget <= absl::ZeroDuration()) continue;
    const absl::Duration took = budget * cost;
    pace.Stepped(budget, now, now + took, true);
    now += took;
    run.worked += took;
    if (now > absl::Seconds(100.5)) run.longest = std::max(run.longest, took);
  }
  return run;
}

TEST_CASE("the store's own work gets a tenth of the time under load, and more if it is further behind") {
  CHECK(ForASecond(0, 1).worked < absl::Milliseconds(120));
  CHECK(ForASecond(0, 1).worked > absl::Milliseconds(80));
  CHECK(ForASecond(0.5, 1).worked < absl::Milliseconds(120));
  CHECK(ForASecond(0.75, 1).worked > absl::Milliseconds(450));
  CHECK(ForASecond(0.75, 1).worked < absl::Milliseconds(650));
  CHECK(ForASecond(0.99, 1).worked > absl::Milliseconds(850));
  CHECK(ForASecond(1.1, 1).worked > absl::Milliseconds(850));
}

TEST_CASE("a step is short on a slow machine too") {
  const double cost = GENERATE(0.3, 1.0, 3.0, 12.0);
  const double backlog = GENERATE(0.0, 0.7, 1.0);
  CHECK(ForASecond(backlog, cost).longest <= absl::Milliseconds(7));
}

TEST_CASE("with nothing else to do it goes on at once, as long as there is more") {
  MaintenancePace pace;
  const absl::Duration now = absl::Seconds(100);
  pace.Stepped(absl::Milliseconds(1), now - absl::Milliseconds(1), now, true);
  CHECK(pace.more());
  CHECK(pace.Budget(now, 0, true) >= absl::Milliseconds(4));
  CHECK(pace.Budget(now, 0, false) == absl::ZeroDuration());
  pace.Stepped(absl::Milliseconds(1), now, now, false);
  CHECK_FALSE(pace.more());
  CHECK(pace.Budget(now, 0, true) == absl::ZeroDuration());
}

}  // namespace
}  // namespace muster

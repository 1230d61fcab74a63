// The mass-failure guard's decision.
#include "domain/guard.h"

#include "catch.h"

using namespace muster;

namespace {

constexpr ListeningTime kNone;
const ListeningTime kNow = kNone + absl::Seconds(1000);

GuardVerdict Ask(std::int64_t active, std::int64_t silent, std::optional<ListeningTime> held_until = {}) {
  return Guard(active, silent, held_until, kNow, Settings());
}

}  // namespace

TEST_CASE("a region is held when more than the share is silent, exactly the share is not") {
  CHECK(Ask(100, 50) == GuardVerdict::kTake);
  CHECK(Ask(100, 51) == GuardVerdict::kHold);
  CHECK(Ask(11, 6) == GuardVerdict::kHold);
  CHECK(Ask(11, 5) == GuardVerdict::kTake);
}

TEST_CASE("small regions are not guarded") {
  CHECK(Ask(9, 9) == GuardVerdict::kTake);
  CHECK(Ask(10, 10) == GuardVerdict::kHold);
  CHECK(Ask(1, 1) == GuardVerdict::kTake);
}

TEST_CASE("a share of 1 turns the guard off") {
  Settings settings;
  settings.guard_share = 1;
  CHECK(Guard(1000, 1000, std::nullopt, kNow, settings) == GuardVerdict::kTake);
}

TEST_CASE("a hold lasts until its end and never longer, whatever is silent") {
  CHECK(Ask(100, 100, kNow + absl::Microseconds(1)) == GuardVerdict::kKeepHeld);
  CHECK(Ask(100, 100, kNow) == GuardVerdict::kHoldOver);
  CHECK(Ask(100, 51, kNow - absl::Hours(5)) == GuardVerdict::kHoldOver);
}

TEST_CASE("a region that recovered is not held any longer") {
  CHECK(Ask(100, 50, kNow + absl::Minutes(1)) == GuardVerdict::kRecovered);
  CHECK(Ask(100, 0, kNow - absl::Minutes(1)) == GuardVerdict::kRecovered);
  CHECK(Ask(9, 9, kNow + absl::Minutes(1)) == GuardVerdict::kRecovered);
}

// The limit by which a worker is judged after the timeout was changed, against a model that forgets nothing.
#include "domain/told_timeouts.h"

#include <algorithm>
#include <random>

#include "tests/catch.h"

namespace muster {
namespace {

ListeningTime At(double seconds) {
  return ListeningTime() + absl::Seconds(seconds);
}

// Every timeout that ever was in force, and how long.
struct NaiveLimits {
  std::vector<ToldTimeout> all;
  absl::Duration current;

  absl::Duration Since(ListeningTime reference) const {
    absl::Duration longest = current;
    for (const ToldTimeout& told : all) {
      if (told.replaced_at >= reference) longest = std::max(longest, told.timeout);
    }
    return longest;
  }
};

TEST_CASE("a worker is judged by the longest timeout since it was heard") {
  const absl::Duration current = absl::Seconds(60);
  std::vector<ToldTimeout> told = WithReplaced({}, absl::Seconds(600), At(1000), At(1000));
  CHECK(LimitSince(told, current, At(999)) == absl::Seconds(600));
  CHECK(LimitSince(told, current, At(1000)) == absl::Seconds(600));  // at that moment: before or after
  CHECK(LimitSince(told, current, At(1000.000001)) == current);
  CHECK(LimitSince({}, current, At(0)) == current);
  CHECK(LimitSince(told, absl::Seconds(900), At(999)) == absl::Seconds(900));
  CHECK_FALSE(SilentForItsLimit(told, current, At(999), At(1598.9)));
  CHECK(SilentForItsLimit(told, current, At(999), At(1599)));
  CHECK_FALSE(SilentForItsLimit(told, current, At(1001), At(1060.9)));
  CHECK(SilentForItsLimit(told, current, At(1001), At(1061)));
}

TEST_CASE("what is stale need not be one range") {
  const std::vector<ToldTimeout> told = WithReplaced({}, absl::Seconds(600), At(1000), At(1000));
  const std::vector<ReferenceRange> ranges = StaleRanges(told, absl::Seconds(60), At(1100));
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].to == At(500));
  CHECK(ranges[1].after == At(1000));
  CHECK(ranges[1].to == At(1040));
}

TEST_CASE("ranges that touch are one: a replaced timeout that has passed costs nothing") {
  const std::vector<ToldTimeout> told = WithReplaced({}, absl::Seconds(600), At(1000), At(1000));
  REQUIRE(StaleRanges(told, absl::Seconds(60), At(1599)).size() == 2);
  const std::vector<ReferenceRange> ranges = StaleRanges(told, absl::Seconds(60), At(1600));
  REQUIRE(ranges.size() == 1);
  CHECK(ranges[0].to == At(1540));
}

TEST_CASE("what is not stale is all that lies between the stale ranges, and after them") {
  const std::vector<ToldTimeout> told = WithReplaced({}, absl::Seconds(600), At(1000), At(1000));
  const std::vector<ReferenceRange> stale = StaleRanges(told, absl::Seconds(60), At(1100));
  const std::vector<ReferenceRange> fresh = OutsideOf(stale);
  REQUIRE(fresh.size() == 2);
  CHECK(fresh[0] == ReferenceRange{At(500), At(1000)});
  CHECK(fresh[1].after == At(1040));
  for (int reference = 0; reference < 1200; ++reference) {
    REQUIRE(Contains(stale, At(reference)) != Contains(fresh, At(reference)));
  }
  CHECK(OutsideOf(fresh) == stale);
}

TEST_CASE("a timeout in force is replaced once, and the first one replaces nothing") {
  const std::optional<RollTimeouts> first = WithInForce({}, absl::Seconds(600), At(5), At(5));
  REQUIRE(first);
  CHECK(first->in_force == absl::Seconds(600));
  CHECK(first->told.empty());
  CHECK_FALSE(WithInForce(*first, absl::Seconds(600), At(9), At(9)));
  const std::optional<RollTimeouts> second = WithInForce(*first, absl::Seconds(60), At(9), At(8));
  REQUIRE(second);
  CHECK(second->in_force == absl::Seconds(60));
  REQUIRE(second->told.size() == 1);
  CHECK(second->told[0].timeout == absl::Seconds(600));
  CHECK(second->told[0].replaced_at == At(9));
  // A daemon whose reading is behind that of the one before it.
  const std::optional<RollTimeouts> third = WithInForce(*second, absl::Seconds(30), At(7), At(7));
  REQUIRE(third->told.size() == 2);
  CHECK(third->told[1].replaced_at == At(9));
}

TEST_CASE("a timeout that can change no verdict is forgotten") {
  std::vector<ToldTimeout> told = WithReplaced({}, absl::Seconds(600), At(1000), At(990));
  told = WithReplaced(told, absl::Seconds(60), At(1500), At(1500));
  CHECK(told.size() == 2);
  // 60 s, or 600 s, have passed since they were replaced.
  CHECK(WithReplaced(told, absl::Seconds(30), At(1600), At(1599.9)).size() == 2);
  CHECK(WithReplaced(told, absl::Seconds(30), At(1610), At(1600)).size() == 1);
  // A longer one was in force later.
  CHECK(WithReplaced(told, absl::Seconds(700), At(1510), At(1510)).size() == 1);
}

// A roll whose timeout is changed again and again, and all references that a worker may have.
void Compare(std::uint32_t seed, bool merges) {
  std::mt19937 random(seed);
  const auto number = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  NaiveLimits naive{{}, absl::Seconds(60)};
  std::vector<ToldTimeout> told;
  int now = 0;
  int wrong = 0;
  for (int change = 0; change < 60; ++change) {
    now += number(0, merges ? 3 : 40);
    const int lead = number(0, 5);  // of the running reading
    const auto next = absl::Seconds(merges ? 1000 - 15 * change : number(3, 200));
    told = WithReplaced(told, naive.current, At(now + lead), At(now));
    naive.all.push_back({naive.current, At(now + lead)});
    naive.current = next;
    REQUIRE(told.size() <= kMaxToldTimeouts);
    now += lead;
    const int look = now + number(0, 30);
    const std::vector<ReferenceRange> ranges = StaleRanges(told, naive.current, At(look));
    for (int reference = std::max(0, look - (merges ? 1100 : 300)); reference <= look; ++reference) {
      const ListeningTime then = At(reference);
      const bool stale = SilentForItsLimit(told, naive.current, then, At(look));
      const bool in_ranges = std::any_of(ranges.begin(), ranges.end(), [&](const ReferenceRange& range) {
        return range.after < then && then <= range.to;
      });
      wrong += stale != in_ranges;
      const bool truly_stale = At(look) - then >= naive.Since(then);
      wrong += merges ? stale && !truly_stale : stale != truly_stale;
    }
    REQUIRE(wrong == 0);
  }
}

TEST_CASE("the short list gives the verdicts of one that forgets nothing") {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) Compare(seed, /*merges=*/false);
}

TEST_CASE("where the list is too long, no limit becomes shorter") {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) Compare(seed, /*merges=*/true);
  // The two that differ least become one.
  std::vector<ToldTimeout> told;
  for (int i = 0; i < 16; ++i) told = WithReplaced(told, absl::Hours(40 - i), At(i), At(i));
  REQUIRE(told.size() == kMaxToldTimeouts);
  told = WithReplaced(told, absl::Hours(25) - absl::Seconds(5), At(16), At(16));
  REQUIRE(told.size() == kMaxToldTimeouts);
  CHECK(told[15].timeout == absl::Hours(25));
  CHECK(told[15].replaced_at == At(16));
  CHECK(told[14].replaced_at == At(14));
}

}  // namespace
}  // namespace muster

// The index of the sweeps finds exactly the slots that are due, for any cutoff.
#include "store/model/timelines.h"

#include <map>
#include <random>
#include <set>

#include "catch.h"

namespace muster {
namespace {

TEST_CASE("slots are found by time, exactly, through random moves") {
  constexpr std::uint32_t kSlots = 500;
  std::mt19937 random(11);
  Timelines timelines;
  timelines.GrowTo(kSlots);
  const std::uint32_t lines[] = {timelines.NewTimeline(), timelines.NewTimeline()};
  std::map<std::uint32_t, std::pair<std::uint32_t, ListeningTime>> expected;  // slot to line and time
  const auto any_time = [&random] { return ListeningTime::FromMicros(random() % 2'000'000); };

  for (int round = 0; round < 20'000; ++round) {
    const std::uint32_t slot = static_cast<std::uint32_t>(random() % kSlots);
    const auto known = expected.find(slot);
    if (known == expected.end()) {
      expected[slot] = {lines[random() % 2], any_time()};
      timelines.Put(slot, expected[slot].first, expected[slot].second);
    } else if (random() % 3 == 0) {
      timelines.Take(slot);
      expected.erase(known);
    } else {
      known->second.second = any_time();
      timelines.Move(slot, known->second.second);
    }
    REQUIRE(timelines.IsOn(slot) == expected.contains(slot));
    if (round % 100 != 0) continue;

    const ListeningTime cutoff = any_time();
    for (const std::uint32_t line : lines) {
      std::set<std::uint32_t> until, after, wanted_until, wanted_after;
      for (const auto& [at, where] : expected) {
        if (where.first == line) (where.second <= cutoff ? wanted_until : wanted_after).insert(at);
      }
      const auto is_until = [&](std::uint32_t at) { return expected.at(at).second <= cutoff; };
      const auto is_after = [&](std::uint32_t at) { return expected.at(at).second > cutoff; };
      timelines.VisitUntil(line, cutoff, is_until, [&](std::uint32_t at) { return until.insert(at).second; });
      timelines.VisitAfter(line, cutoff, is_after, [&](std::uint32_t at) { return after.insert(at).second; });
      CHECK(until == wanted_until);
      CHECK(after == wanted_after);
      CHECK(timelines.CountUntil(line, cutoff, is_until) == static_cast<std::int64_t>(until.size()));
    }
  }
}

TEST_CASE("a timeline that was dropped comes back empty") {
  Timelines timelines;
  timelines.GrowTo(1);
  const std::uint32_t line = timelines.NewTimeline();
  timelines.Put(0, line, ListeningTime::FromMicros(5));
  timelines.Take(0);
  timelines.DropTimeline(line);
  CHECK(timelines.NewTimeline() == line);
  CHECK(timelines.CountUntil(line, ListeningTime::FromMicros(100), [](std::uint32_t) { return true; }) == 0);
}

}  // namespace
}  // namespace muster

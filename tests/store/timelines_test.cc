// The index of the sweeps finds exactly the slots that are due, for any range of time.
#include "store/model/timelines.h"

#include <limits>
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

    ReferenceRange range = {any_time(), any_time()};
    if (random() % 4 == 0) range.after = ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::min());
    if (random() % 4 == 0) range.to = ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::max());
    if (random() % 4 == 0) range.to = range.after + absl::Microseconds(random() % 100'000);
    const auto is_due = [&](std::uint32_t at) { return Contains(range, expected.at(at).second); };
    for (const std::uint32_t line : lines) {
      std::set<std::uint32_t> found, wanted;
      for (const auto& [at, where] : expected) {
        if (where.first == line && Contains(range, where.second)) wanted.insert(at);
      }
      timelines.VisitIn(line, range, is_due, [&](std::uint32_t at) { return found.insert(at).second; });
      CHECK(found == wanted);
      CHECK(timelines.CountIn(line, range, is_due) == static_cast<std::int64_t>(found.size()));
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
  const ReferenceRange all = {ListeningTime::FromMicros(-1), ListeningTime::FromMicros(100)};
  CHECK(timelines.CountIn(line, all, [](std::uint32_t) { return true; }) == 0);
}

}  // namespace
}  // namespace muster

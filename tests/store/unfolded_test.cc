// The heartbeats that wait for a fold are found by worker, across rows, chunks and folds.
#include "store/sqlite/unfolded.h"

#include <map>
#include <random>
#include <vector>

#include "catch.h"

namespace muster::sqlite {
namespace {

std::vector<std::int64_t> TimesOf(const UnfoldedBeats& beats, std::uint32_t slot) {
  std::vector<std::int64_t> times;
  beats.VisitNewestFirst(slot, [&times](std::int64_t at) {
    times.push_back(at);
    return true;
  });
  return times;
}

TEST_CASE("unfolded heartbeats are kept until they are folded, and no longer") {
  constexpr std::uint32_t kSlots = 30;
  std::mt19937 random(9);
  UnfoldedBeats beats;
  beats.GrowTo(kSlots);
  std::map<std::uint32_t, std::vector<std::int64_t>> expected;  // newest first
  std::int64_t seq = 0;
  for (int fold = 0; fold < 6; ++fold) {
    for (int row = 0; row < 300; ++row) {
      ++seq;
      beats.BeginRow(seq, seq * 10, ListeningTime::FromMicros(seq));
      for (int i = 0; i < 200; ++i) {
        const auto slot = static_cast<std::uint32_t>(random() % kSlots);
        beats.Add(slot);
        expected[slot].insert(expected[slot].begin(), seq * 10);
      }
    }
    std::int64_t total = 0;
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      REQUIRE(TimesOf(beats, slot) == expected[slot]);
      REQUIRE(beats.CountOf(slot) == expected[slot].size());
      total += static_cast<std::int64_t>(expected[slot].size());
    }
    CHECK(beats.beats() == total);
    CHECK(beats.workers() == kSlots);

    const std::int64_t through = seq;
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      if (slot == kSlots / 2) {  // more heartbeats come while the fold is under way
        ++seq;
        beats.BeginRow(seq, seq * 10, ListeningTime::FromMicros(seq));
        for (std::uint32_t heard = 0; heard < kSlots; ++heard) {
          beats.Add(heard);
          expected[heard].insert(expected[heard].begin(), seq * 10);
        }
      }
      beats.Clear(slot);
      expected[slot].clear();
    }
    // Slots of the first half were heard again after they were folded.
    for (std::uint32_t slot = 0; slot < kSlots / 2; ++slot) REQUIRE(beats.CountOf(slot) == 1);
    beats.DropThrough(through);
    CHECK(beats.FirstSeq() == through + 1);
    CHECK(beats.rows() == 1);
    for (std::uint32_t slot = 0; slot < kSlots / 2; ++slot) REQUIRE(TimesOf(beats, slot) == expected[slot]);
  }
}

}  // namespace
}  // namespace muster::sqlite

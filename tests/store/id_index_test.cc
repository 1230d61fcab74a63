// Every id is found at its slot, and no other id is found, in any order of inserts and removals.
#include "store/model/id_index.h"

#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace muster {
namespace {

TEST_CASE("ids are inserted and removed in any order, and are found at their slots") {
  constexpr std::uint32_t kSlots = 6000;
  Slab<WorkerPtr> workers;
  workers.GrowTo(kSlots);
  IdIndex index(workers);
  CHECK_FALSE(index.Find("w1").has_value());
  CHECK(index.Probe(IdIndex::HashOf("w1")) == kNoSlot);
  std::mt19937 random(5);
  std::map<std::string, std::uint32_t> expected;
  for (int round = 0; round < 60'000; ++round) {
    // With fewer and fewer slots, so that tables fill and empty again.
    const auto slot = static_cast<std::uint32_t>(random() % (round < 30'000 ? kSlots : kSlots / 20));
    const std::string id = absl::StrCat("w", slot);
    if (workers[slot] == nullptr) {
      auto worker = std::make_shared<Worker>();
      worker->id = id;
      workers[slot] = std::move(worker);
      index.Insert(slot);
      expected.emplace(id, slot);
    } else {
      index.Erase(slot);
      workers[slot] = nullptr;
      expected.erase(id);
    }
    if (round % 10'000 != 9'999) continue;
    for (std::uint32_t each = 0; each < kSlots; ++each) {
      const std::string wanted = absl::StrCat("w", each);
      const auto found = expected.find(wanted);
      REQUIRE(index.Find(wanted) == (found == expected.end() ? std::nullopt : std::optional(found->second)));
      if (found != expected.end()) REQUIRE(index.Probe(IdIndex::HashOf(wanted)) == found->second);
    }
  }
}

}  // namespace
}  // namespace muster

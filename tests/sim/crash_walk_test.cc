// A daemon that dies at every moment of its life, by kill -9 and by a loss of power: whatever it acknowledged
// is there when it starts again. So it is as long as no fsync fails.
#include <cstdint>
#include <string>

#include "catch.h"
#include "store/crash/life.h"
#include "tests/sim/disk_store.h"

namespace muster::sim {
namespace {

using testing::BatchesIn;
using testing::IntegrityOf;
using testing::LiveOneBatch;
using testing::WhatIsWrong;

constexpr std::int64_t kBatches = 30;

// From the making of the database to a stop in order, with a restart on the way. The log begins anew several
// times, and the journal is folded. Ends early where the disk dies; then `acknowledged` is what it had come
// to.
void Live(DiskStore& store, std::int64_t& acknowledged) {
  if (!store.Open().ok()) return;
  for (std::int64_t batch = 1; batch <= kBatches; ++batch) {
    if (!LiveOneBatch(*store, batch).committed()) return;
    acknowledged = batch;
    if (batch % 3 == 0) store->Maintain(absl::Milliseconds(1));
    if (batch % 8 == 0) store->Maintain(absl::InfiniteDuration());
    store.background.RunUntilIdle();
    if (batch == kBatches / 2 && !store.Restart().ok()) return;
  }
  store.Close();
}

// As after a crash: kills of starts, until a start comes through.
void StartAtLast(DiskStore& store, bool power) {
  for (int operations = 1;; ++operations) {
    store.Close();
    store.disk.Revive();
    store.disk.DieAfter(operations, power);
    const absl::Status started = store.Open();
    if (store.disk.dead()) continue;
    INFO(started);
    REQUIRE(started.ok());
    store.disk.Revive();
    return;
  }
}

void DieAtEveryMoment(bool power, std::uint64_t round) {
  bool died = true;
  for (int operations = 1; died; ++operations) {
    INFO("round " << round << ", died in operation " << operations << (power ? ", by power" : ""));
    DiskStore store(round * 1'000'000 + static_cast<std::uint64_t>(operations));
    store.options = testing::LifeOptions();
    store.disk.DieAfter(operations, power);
    std::int64_t acknowledged = 0;
    Live(store, acknowledged);
    died = store.disk.dead();
    if (!died) REQUIRE(acknowledged == kBatches);

    StartAtLast(store, power);
    const std::int64_t found = BatchesIn(*store);
    INFO("acknowledged " << acknowledged << ", found " << found);
    // The one that was under way is there, or it is not.
    REQUIRE((found == acknowledged || (died && found == acknowledged + 1)));
    REQUIRE(WhatIsWrong(*store, found).empty());
    REQUIRE(IntegrityOf(store.location()) == "ok");

    REQUIRE(LiveOneBatch(*store, found + 1).committed());
    store.disk.LosePower();
    REQUIRE(store.Restart().ok());
    REQUIRE(BatchesIn(*store) == found + 1);
  }
}

TEST_CASE("a daemon that is killed at any moment of its life has all that it acknowledged when it is back") {
  DieAtEveryMoment(/*power=*/false, /*round=*/1);
}

TEST_CASE(
    "a daemon whose power goes at any moment of its life has all that it acknowledged when it is back") {
  DieAtEveryMoment(/*power=*/true, /*round=*/1);
}

}  // namespace
}  // namespace muster::sim

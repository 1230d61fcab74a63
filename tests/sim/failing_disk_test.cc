// A full disk costs nothing but time. A failed fsync costs acknowledged writes: known, and written down here.
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "store/crash/life.h"
#include "tests/sim/disk_store.h"
#include "tests/store/fleet.h"

namespace muster::sim {
namespace {

using testing::BatchesIn;
using testing::IntegrityOf;
using testing::LiveOneBatch;
using testing::WhatIsWrong;

class Fixture {
 public:
  Fixture() {
    store.options = testing::LifeOptions();
    REQUIRE(store.Open().ok());
    Live(5);
  }

  bool LiveOne() {
    const bool committed = LiveOneBatch(*store, acknowledged + 1).committed();
    if (committed) ++acknowledged;
    return committed;
  }
  void Live(int batches) {
    for (int i = 0; i < batches; ++i) REQUIRE(LiveOne());
  }
  void Restart(bool power) {
    power ? store.disk.LosePower() : store.disk.Kill();
    REQUIRE(store.Restart().ok());
  }
  void CheckThatAllIsThere() {
    REQUIRE(BatchesIn(*store) == acknowledged);
    REQUIRE(WhatIsWrong(*store, acknowledged).empty());
    REQUIRE(IntegrityOf(store.location()) == "ok");
  }

  DiskStore store{1};
  Disk::Faults& faults = store.disk.faults;
  std::int64_t acknowledged = 0;
};

// Commits never move the log into the database by themselves: on a full disk there is no other way to get
// room.
TEST_CASE("on a disk that stays full, the log is moved into the database, and has room again") {
  DiskStore store(1);
  REQUIRE(store.Open().ok());
  for (int i = 0; i < 300; ++i) Register(store->Begin(), NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(1));
  for (int i = 1; i < 300; ++i) {  // leaves free pages in the database
    WriteTx& tx = store->Begin();
    tx.Remove(Get(tx, absl::StrCat("w", i)));
  }
  CommitAt(*store, At(2));
  store->Maintain(absl::InfiniteDuration());
  auto beat = [&store, second = 2]() mutable {
    Beat(store->Begin(), "w0", At(++second));
    return store->Commit({At(second).listening, absl::Seconds(3)});
  };
  store.disk.faults.full = true;
  CommitResult result = beat();
  for (int commits = 1; result.committed(); ++commits) {
    REQUIRE(commits < 10'000);  // until the log is as long as its file
    result = beat();
  }
  CHECK(result.kind == CommitResult::Kind::kFailed);
  CHECK(beat().committed());
  CHECK(beat().committed());
}

TEST_CASE("on a full disk commits fail, nothing is lost, and they work again when there is room") {
  Fixture f;
  const bool maintains = GENERATE(false, true);
  const bool restarts = GENERATE(false, true);
  const bool power = GENERATE(false, true);
  f.faults.full = true;
  // What the log has room for is committed.
  while (f.LiveOne()) REQUIRE(f.acknowledged < 1000);
  for (int i = 0; i < 3; ++i) {
    const CommitResult full = LiveOneBatch(*f.store, f.acknowledged + 1);
    CHECK(full.kind == CommitResult::Kind::kFailed);
    CHECK(full.reason == "the disk of the store is full");
    if (maintains) f.store->Maintain(absl::InfiniteDuration());
    f.store.background.RunUntilIdle();
    f.CheckThatAllIsThere();
  }
  if (restarts) f.Restart(power);
  f.CheckThatAllIsThere();

  f.faults.full = false;
  f.Live(5);
  f.Restart(power);
  f.CheckThatAllIsThere();
}

// The rule that the three cases below miss, and that a later change brings: after a failed fsync the daemon
// stops writing, and the next start writes the whole log anew before it goes on. As they are expected to
// fail, what they need on their way is no assertion: where it is missing they return, and pass, which is
// reported.

TEST_CASE("a failed fsync of the database loses nothing", "[!shouldfail]") {
  Fixture f;
  f.faults.fail_main_syncs = 1;
  f.faults.log_sync_takes = absl::Milliseconds(5);
  while (f.faults.fail_main_syncs == 1) {
    if (f.acknowledged == 1000 || !f.LiveOne()) return;
    f.store->Maintain(absl::Milliseconds(1));  // in the end it posts a lap
    // A commit beside the lap: so the lap does not come to the end of the log. Then SQLite does not sync the
    // database, but takes the pages for moved, and leaves the sync to the lap.
    f.store.disk.stall = [&](absl::Duration) {
      f.store.disk.stall = nullptr;
      f.LiveOne();
    };
    f.store.background.RunUntilIdle();
    f.store.disk.stall = nullptr;
  }
  f.store->Maintain(absl::Milliseconds(1));  // hears of the failure
  if (!f.LiveOne()) return;
  f.store->Maintain(absl::InfiniteDuration());  // moves the rest, and syncs it
  if (!f.LiveOne()) return;                     // the log begins anew
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
}

TEST_CASE("a commit in doubt that the next start finds is kept and so are the commits after it",
          "[!shouldfail]") {
  Fixture f;
  f.faults.fail_log_syncs = 1;
  if (f.LiveOne()) return;
  f.store.disk.Kill();
  if (!f.store.Restart().ok()) return;
  if (BatchesIn(*f.store) != ++f.acknowledged) return;
  if (!f.LiveOne()) return;
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
}

TEST_CASE("a failed fsync of maintenance's commits does not lose the commits after it", "[!shouldfail]") {
  Fixture f;
  const std::int64_t syncs = f.store.disk.counters().log_syncs;
  const std::int64_t writes = f.store.disk.counters().log_writes;
  f.store->Maintain(absl::Milliseconds(1));  // a step of the fold, which does not wait for the disk
  if (f.store.disk.counters().log_syncs != syncs || f.store.disk.counters().log_writes == writes) return;
  f.faults.fail_log_syncs = 1;
  if (f.LiveOne()) return;
  if (!f.LiveOne()) return;
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
}

}  // namespace
}  // namespace muster::sim

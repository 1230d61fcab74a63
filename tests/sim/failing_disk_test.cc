// A full disk costs nothing but time. A failed fsync ends all writing, and costs nothing that was
// acknowledged.
#include <cerrno>
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

  CommitResult LiveNext() { return LiveOneBatch(*store, acknowledged + 1); }
  bool LiveOne() {
    const bool committed = LiveNext().committed();
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
  void CheckThatNothingIsWritten() {
    const std::int64_t changes = store.disk.counters().changes;
    CHECK(store->StoppedBecause() == "the disk of the store failed while it was written");
    CHECK(LiveNext().kind == CommitResult::Kind::kFailed);
    store->Maintain(absl::InfiniteDuration());
    store.background.RunUntilIdle();
    CHECK(store.disk.counters().changes == changes);
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
  if (restarts) {
    // A start after an unclean end trusts nothing that it cannot write anew.
    power ? f.store.disk.LosePower() : f.store.disk.Kill();
    const absl::Status refused = f.store.Restart();
    INFO(refused);
    CHECK(absl::IsResourceExhausted(refused));
  } else {
    f.CheckThatAllIsThere();
  }

  f.faults.full = false;
  if (restarts) REQUIRE(f.store.Open().ok());
  f.CheckThatAllIsThere();
  f.Live(5);
  f.Restart(power);
  f.CheckThatAllIsThere();
}

// After a failed fsync nothing is written any more, and the next start brings the whole log to the disk anew.

TEST_CASE("a failed fsync of the database ends all writing, and loses nothing") {
  Fixture f;
  f.faults.fail_main_syncs = 1;
  f.faults.log_sync_takes = absl::Milliseconds(5);
  while (f.faults.fail_main_syncs == 1) {
    REQUIRE(f.acknowledged < 1000);
    REQUIRE(f.LiveOne());
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
  f.CheckThatNothingIsWritten();
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
  f.Live(3);
}

TEST_CASE("a commit in doubt that the next start finds is kept and so are the commits after it") {
  Fixture f;
  f.faults.fail_log_syncs = 1;
  REQUIRE(f.LiveNext().kind == CommitResult::Kind::kInDoubt);
  f.CheckThatNothingIsWritten();
  f.Restart(/*power=*/false);
  REQUIRE(BatchesIn(*f.store) == ++f.acknowledged);
  f.Live(1);
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
}

TEST_CASE("a failed fsync of maintenance's commits does not lose the commits after it") {
  Fixture f;
  const std::int64_t syncs = f.store.disk.counters().log_syncs;
  const std::int64_t writes = f.store.disk.counters().log_writes;
  f.store->Maintain(absl::Milliseconds(1));  // a step of the fold, which does not wait for the disk
  REQUIRE(f.store.disk.counters().log_syncs == syncs);
  REQUIRE(f.store.disk.counters().log_writes > writes);
  f.faults.fail_log_syncs = 1;
  REQUIRE(f.LiveNext().kind == CommitResult::Kind::kInDoubt);
  f.CheckThatNothingIsWritten();
  f.Restart(/*power=*/true);
  f.CheckThatAllIsThere();
  f.Live(3);
}

TEST_CASE("the owner of a store hears of a failed fsync once, and of a failed write never") {
  Fixture f;
  f.faults.error = GENERATE(EIO, ENOSPC, EDQUOT);
  f.faults.fail_log_writes = 1;
  CHECK(f.LiveNext().kind == CommitResult::Kind::kFailed);
  CHECK(f.store.failed_syncs == 0);
  CHECK(f.store->StoppedBecause() == "");
  f.Live(1);
  f.faults.fail_log_syncs = 3;
  CHECK(f.LiveNext().kind == CommitResult::Kind::kInDoubt);
  CHECK(f.LiveNext().kind == CommitResult::Kind::kFailed);
  CHECK(f.store.failed_syncs == 1);
}

}  // namespace
}  // namespace muster::sim

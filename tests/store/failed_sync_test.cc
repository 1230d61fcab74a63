// What a commit says when the disk fails under it: either nothing happened, or the outcome is unknown. And no
// commit is acknowledged without a sync.
#include <cerrno>

#include "catch.h"
#include "tests/sim/disk_store.h"
#include "tests/store/fleet.h"

namespace muster {
namespace {

class Fixture {
 public:
  Fixture() {
    REQUIRE(store.Open().ok());
    Register(store->Begin(), NewWorker("a"));
    CommitAt(*store, At(1));
  }

  CommitResult CommitOf(const std::string& id, double at) {
    Register(store->Begin(), NewWorker(id));
    return store->Commit(ProvenState{At(at).listening, absl::Seconds(3)});
  }
  void Crash(bool power) {
    power ? store.disk.LosePower() : store.disk.Kill();
    REQUIRE(store.Restart().ok());
  }

  sim::DiskStore store{1};
  sim::Disk::Faults& faults = store.disk.faults;
};

TEST_CASE("a commit whose sync failed is in doubt: a crash may bring it back, and no reader saw it before") {
  Fixture f;
  f.faults.error = GENERATE(EIO, ENOSPC, EDQUOT);
  f.faults.fail_log_syncs = 1;
  const CommitResult result = f.CommitOf("b", 2);
  CHECK(result.kind == CommitResult::Kind::kInDoubt);
  CHECK(std::get<StoreUnavailable>(result.error()).in_doubt);
  CHECK_FALSE(Has(f.store->Reader(), "b"));
  const bool power = GENERATE(false, true);
  f.Crash(power);
  // To a reader of the log it holds all of the commit. The disk does not.
  CHECK(Has(f.store->Reader(), "b") == !power);
  CHECK(Has(f.store->Reader(), "a"));
}

TEST_CASE("a commit that could not be written never happened, and the next one may try again") {
  Fixture f;
  f.faults.error = ENOSPC;
  f.faults.fail_log_writes = 1;
  const CommitResult result = f.CommitOf("b", 2);
  CHECK(result.kind == CommitResult::Kind::kFailed);
  CHECK(result.reason == "the disk of the store is full");
  CHECK_FALSE(Has(f.store->Reader(), "b"));
  const bool crash_between = GENERATE(false, true);
  const bool power = GENERATE(false, true);
  if (crash_between) {
    f.Crash(power);
    CHECK_FALSE(Has(f.store->Reader(), "b"));
  }
  CHECK(f.CommitOf("b", 3).committed());
  f.Crash(power);
  CHECK(Has(f.store->Reader(), "b"));
}

TEST_CASE("after maintenance, whether it failed or not, a commit waits for the disk again") {
  Fixture f;
  for (int i = 0; i < 200; ++i) {
    Beat(f.store->Begin(), "a", At(2 + i));
    CommitAt(*f.store, At(2 + i));
  }
  const bool maintenance_fails = GENERATE(false, true);
  f.faults.fail_log_writes = maintenance_fails ? 1 : 0;
  f.store->Maintain(absl::InfiniteDuration());
  f.faults.fail_log_writes = 0;
  const std::int64_t before = f.store.disk.counters().log_syncs;
  REQUIRE(f.CommitOf("b", 1000).committed());
  CHECK(f.store.disk.counters().log_syncs > before);
}

}  // namespace
}  // namespace muster

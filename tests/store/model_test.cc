// What a transaction shows before its commit, and what every reader sees afterwards.
#include "catch.h"
#include "store/memory/memory_store.h"
#include "tests/store/fleet.h"
#include "tests/store/test_runtime.h"

namespace muster {
namespace {

TEST_CASE("a transaction sees what it staged, readers see it after the commit") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  WriteTx& tx = store->Begin();
  Register(tx, NewWorker("b"));
  Register(tx, NewWorker("a", "us"));
  CHECK(Has(tx, "a"));
  CHECK_FALSE(Has(store->Reader(), "a"));
  CommitAt(*store, At(1));
  CHECK(Ids(store->Reader().List({}, "", 10)) == std::vector<std::string>{"a", "b"});

  WriteTx& next = store->Begin();
  next.Remove(Get(next, "a"));
  MoveTo(next, "b", WorkerStatus::kActive);
  CHECK_FALSE(Has(next, "a"));
  CHECK(Get(next, "b").worker->status == WorkerStatus::kActive);
  CHECK(Has(store->Reader(), "a"));
  store->Rollback();
  CHECK(Has(store->Begin(), "a"));
  CHECK(Get(store->Begin(), "b").worker->status == WorkerStatus::kPending);
  store->Rollback();
}

TEST_CASE("a worker that is removed and inserted in one transaction begins anew") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  Register(store->Begin(), NewWorker("a"));
  Beat(store->Begin(), "a", At(1), 3);
  CommitAt(*store, At(1));
  CHECK(Get(store->Reader(), "a").pulse.total == 1);

  WriteTx& tx = store->Begin();
  Beat(tx, "a", At(2));
  tx.Remove(Get(tx, "a"));
  Register(tx, NewWorker("a", "us"));
  Beat(tx, "a", At(2));
  CHECK(tx.HeartbeatsRecorded(Get(tx, "a")) == 1);
  CommitAt(*store, At(2));
  const WorkerView view = Get(store->Reader(), "a");
  CHECK(view.worker->config.region == "us");
  CHECK(view.pulse.total == 1);
  CHECK_FALSE(view.pulse.in_use.has_value());
  CHECK(History(store->Reader(), "a").size() == 1);
}

TEST_CASE("a worker that is inserted and removed in one transaction leaves nothing") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  WriteTx& tx = store->Begin();
  Register(tx, NewWorker("a"));
  Beat(tx, "a", At(1));
  tx.Remove(Get(tx, "a"));
  CommitAt(*store, At(1));
  CHECK_FALSE(Has(store->Reader(), "a"));
  CHECK((*store->Reader().Totals()).empty());
}

TEST_CASE("totals follow statuses, heartbeats and regions") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  Register(store->Begin(), NewWorker("a"));
  Register(store->Begin(), NewWorker("b"));
  MoveTo(store->Begin(), "a", WorkerStatus::kActive);
  Beat(store->Begin(), "a", At(1), 3);
  Beat(store->Begin(), "b", At(1), 1);
  CommitAt(*store, At(1));
  const auto eu = [&store] { return (*store->Reader().Totals()).at(0); };
  CHECK(eu().by_status[static_cast<int>(WorkerStatus::kActive)] == 1);
  CHECK(eu().capacity == 4);
  CHECK(eu().in_use == 3);
  CHECK(eu().free_capacity == 1);

  Beat(store->Begin(), "a", At(2), 9);  // reports more than its capacity: the free capacity is not negative
  MoveTo(store->Begin(), "b", WorkerStatus::kActive);
  CommitAt(*store, At(2));
  CHECK(eu().capacity == 8);
  CHECK(eu().in_use == 10);
  CHECK(eu().free_capacity == 3);

  WriteTx& tx = store->Begin();
  const WorkerView view = Get(tx, "a");
  Worker moved = *view.worker;
  moved.config.region = "us";
  tx.Update(view, moved);
  tx.Remove(Get(tx, "b"));
  tx.Hold({"us", At(60).listening});
  CommitAt(*store, At(3));
  const std::vector<RegionTotals> totals = *store->Reader().Totals();
  REQUIRE(totals.size() == 1);
  CHECK(totals[0].region == "us");
  CHECK(totals[0].in_use == 9);
  CHECK(totals[0].held);
  CHECK(Ids(store->Reader().List(InRegion("us"), "", 9)) == std::vector<std::string>{"a"});
  CHECK(Ids(store->Reader().List(InRegion("eu"), "", 9)).empty());
}

}  // namespace
}  // namespace muster

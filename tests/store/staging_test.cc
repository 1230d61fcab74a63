// What the transaction of the writer asks of a large model: sweeps of many workers, and workers that were
// foreseen.
#include "store/model/staging.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "store/memory/memory_store.h"
#include "tests/store/fleet.h"
#include "tests/store/test_runtime.h"
#include "tests/store/up_to.h"

namespace muster {
namespace {

TEST_CASE("a sweep of many workers finds each once, and none that is held, fresh or no longer Active") {
  constexpr int kWorkers = 40'000;  // more than the queue sorts
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  WriteTx& tx = store->Begin();
  for (int i = 0; i < kWorkers; ++i) {
    Worker worker = NewWorker(absl::StrCat("w", i), i % 10 == 0 ? "held" : "eu");
    worker.status = WorkerStatus::kActive;
    Register(tx, std::move(worker));
  }
  CommitAt(*store, At(0));
  for (int i = 0; i < kWorkers; ++i) {
    // Heard in another order than that of their slots; every seventh one later.
    const int worker = static_cast<int>(std::int64_t{i} * 7919 % kWorkers);
    Beat(store->Begin(), absl::StrCat("w", worker), At(worker % 7 == 0 ? 100 : 1 + i * 1e-4));
  }
  CommitAt(*store, At(10));
  std::set<std::string> found;
  constexpr int kLimit = 1000;
  for (int step = 0;; ++step) {
    const Result<std::vector<WorkerView>> silent =
        store->Begin().Silent(UpTo(At(50).listening), {"held"}, kLimit);
    REQUIRE(silent.ok());
    for (const WorkerView& view : *silent) {
      REQUIRE(found.insert(view.worker->id).second);
      MoveTo(store->Begin(), view.worker->id, WorkerStatus::kOffline);
    }
    if (step == 3) {  // a worker that is heard between two steps is not taken
      store->Rollback();
      for (const WorkerView& view : *silent) found.erase(view.worker->id);
      Beat(store->Begin(), silent->front().worker->id, At(100));
      found.insert(silent->front().worker->id);  // as if it had been found: no step may find it from now on
    }
    CommitAt(*store, At(60));
    if (silent->size() < kLimit) break;
  }
  std::size_t expected = 0;
  for (int i = 0; i < kWorkers; ++i) expected += i % 10 != 0 && i % 7 != 0;
  CHECK(found.size() == expected);
  CHECK(Ids(store->Begin().Silent(UpTo(At(50).listening), {}, 10'000)).size() == [] {
    std::size_t held = 0;
    for (int i = 0; i < kWorkers; ++i) held += i % 10 == 0 && i % 7 != 0;
    return held;
  }());
}

TEST_CASE("workers that were foreseen are found, in any order, and so are all others") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  WriteTx& registering = store->Begin();
  for (int i = 0; i < 500; ++i) Register(registering, NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(0));
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(absl::StrCat("w", i * 3));  // no worker has the last ids
  ids.push_back(ids[7]);
  BatchKeys keys;
  keys.ids.assign(ids.begin(), ids.end());
  const auto is_there = [](const std::string& id) { return id != "w150" && std::stoi(id.substr(1)) < 500; };
  const int stride = GENERATE(1, 2, 3, 7);
  WriteTx& tx = store->BeginBatch(keys);
  for (std::size_t i = 0; i < ids.size(); i += static_cast<std::size_t>(stride)) {
    REQUIRE(Has(tx, keys.ids[i]) == is_there(ids[i]));
    if (i % 5 == 0) REQUIRE(Has(tx, keys.ids[i]) == is_there(ids[i]));  // asked twice
    if (i % 4 == 0) REQUIRE(Has(tx, "w499"));                           // not foreseen
    if (i == 0) {
      tx.Remove(Get(tx, "w150"));
      Register(tx, NewWorker("w777"));
    }
  }
  CHECK_FALSE(Has(tx, "w150"));
  CHECK(Has(tx, "w777"));
  CommitAt(*store, At(1));
  CHECK_FALSE(Has(store->Begin(), ids[50]));
  CHECK(Has(store->Begin(), ids[51]));
}

}  // namespace
}  // namespace muster

// The history and the events of the memory store, and readers beside its writer.
#include "store/memory/memory_store.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "tests/store/fleet.h"
#include "tests/store/test_runtime.h"

namespace muster {
namespace {

Event Moved(std::string id, int n) {
  Event event;
  event.type = EventType::kStatusChanged;
  event.worker_id = std::move(id);
  event.reason = absl::StrCat(n);
  return event;
}

TEST_CASE("the memory store keeps the last heartbeats, with their ordinals") {
  StoreOptions options;
  options.history = 5;
  const std::unique_ptr<Store> store = NewMemoryStore(options, TestRuntime().random);
  Register(store->Begin(), NewWorker("a"));
  CommitAt(*store, At(0));
  for (int i = 1; i <= 12; ++i) {
    Beat(store->Begin(), "a", At(i));
    CommitAt(*store, At(i));
    const std::vector<HeartbeatRecord> history = History(store->Reader(), "a");
    REQUIRE(history.size() == static_cast<std::size_t>(std::min(i, 5)));
    CHECK(history.front().ordinal == i);
    CHECK(history.front().at == At(i).wall);
    CHECK(history.back().ordinal == std::max(1, i - 4));
    CHECK(history.back().at == At(std::max(1, i - 4)).wall);
  }
  CHECK((*store->Reader().Heartbeats("a", 11, 2)).at(0).ordinal == 10);
}

TEST_CASE("the memory store keeps the last events, in both directions") {
  StoreOptions options;
  options.max_events = 10;
  const std::unique_ptr<Store> store = NewMemoryStore(options, TestRuntime().random);
  for (int i = 1; i <= 25; ++i) store->Begin().Append(Moved(i % 2 == 0 ? "even" : "odd", i));
  CommitAt(*store, At(1));
  const ScanReads& reader = store->Reader();
  const auto reasons = [](const Result<std::vector<Event>>& events) {
    std::string joined;
    for (const Event& event : *events) absl::StrAppend(&joined, event.reason, " ");
    return joined;
  };
  CHECK(*reader.LastCursor() == 25);
  CHECK(reasons(reader.Events("", 0, false, 3)) == "16 17 18 ");
  CHECK(reasons(reader.Events("", 23, false, 9)) == "24 25 ");
  CHECK(reasons(reader.Events("", INT64_MAX, true, 2)) == "25 24 ");
  CHECK(reasons(reader.Events("even", 22, true, 9)) == "20 18 16 ");
  CHECK(reasons(reader.Events("odd", 0, false, 2)) == "17 19 ");
  store->Begin().Append(Moved("odd", 26));
  CHECK(store->Commit({}).cursor == 26);
  CHECK(reasons(reader.Events("odd", 23, false, 9)) == "25 26 ");
}

TEST_CASE("readers see whole commits while the writer goes on") {
  const std::unique_ptr<Store> store = NewMemoryStore(StoreOptions(), TestRuntime().random);
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  std::thread reader([&] {
    while (!done) {
      // Every commit adds a pair or takes one away.
      const Result<std::vector<RegionTotals>> totals = store->Reader().Totals();
      for (const RegionTotals& region : *totals) torn += region.by_status[1] % 2 != 0;
      (void)store->Reader().Events("", 0, false, 100);
      (void)store->Reader().Heartbeats("w1", INT64_MAX, 100);
      (void)store->Reader().Find("w2");
      (void)store->Reader().List(InRegion("eu"), "w", 1000);
      ++reads;
    }
  });
  for (int i = 1; i <= 400 || reads < 20; ++i) {
    WriteTx& tx = store->Begin();
    if (i % 3 == 0 && Has(tx, "w1")) {
      tx.Remove(Get(tx, "w1"));
      tx.Remove(Get(tx, "x1"));
    } else if (!Has(tx, "w1")) {
      Register(tx, NewWorker("w1"));
      Register(tx, NewWorker("x1"));
    }
    Register(tx, NewWorker(absl::StrCat("w", i + 1)));
    Register(tx, NewWorker(absl::StrCat("x", i + 1)));
    if (Has(tx, "w1")) Beat(tx, "w1", At(i));
    tx.Append(Moved("w1", i));
    CommitAt(*store, At(i));
  }
  done = true;
  reader.join();
  CHECK(torn == 0);
}

}  // namespace
}  // namespace muster

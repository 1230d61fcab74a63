// Lists and totals: order, pages, filters, and the numbers of a region.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

using Ids = std::vector<std::string>;

TEST_CASE("lists are ordered by id, byte by byte, and paged by id") {
  Subject subject(GENERATE(from_range(AllStores())));
  const Ids ordered = {"A", "B-1", "B.1", "Z", "a", "a.b", "a1", "a10", "a2", "b"};
  Ids shuffled = ordered;
  std::rotate(shuffled.begin(), shuffled.begin() + 4, shuffled.end());
  for (const std::string& id : shuffled) subject.Register(id);
  CHECK(subject.Ids() == ordered);

  for (int limit : {1, 3, 10, 11}) {
    Ids paged;
    std::string after;
    while (true) {
      const Ids page = IdsOf(subject.reader().List({}, after, limit));
      if (page.empty()) break;
      CHECK(page.size() <= static_cast<std::size_t>(limit));
      paged.insert(paged.end(), page.begin(), page.end());
      after = page.back();
    }
    CHECK(paged == ordered);
  }
  CHECK(IdsOf(subject.reader().List({}, "a3", 10)) == Ids{"b"});  // also after an id that does not exist
  CHECK(IdsOf(subject.reader().List({}, "b", 10)).empty());
}

TEST_CASE("paging goes on when workers are inserted and removed between pages") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (const char* id : {"a", "b", "c", "d", "e"}) subject.Register(id);
  CHECK(IdsOf(subject.reader().List({}, "", 2)) == Ids{"a", "b"});
  subject.Remove("b");
  subject.Remove("c");
  subject.Register("aa");
  subject.Register("dd");
  CHECK(IdsOf(subject.reader().List({}, "b", 10)) == Ids{"d", "dd", "e"});
}

TEST_CASE("filters work alone and together") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register(
      "a", {.region = "eu", .capabilities = {"cpu", "gpu"}, .metadata = {{"os", "linux"}, {"zone", "1"}}});
  subject.Register("b", {.region = "eu", .capabilities = {"cpu"}, .metadata = {{"os", "linux"}}});
  subject.Register("c",
                   {.region = "us", .capabilities = {"gpu"}, .metadata = {{"os", "bsd"}, {"zone", "1"}}});
  subject.Register("d", {.region = "us"});
  subject.SetStatus("a", WorkerStatus::kActive);
  subject.SetStatus("c", WorkerStatus::kOffline);
  subject.SetStatus("d", WorkerStatus::kActive);

  CHECK(subject.Ids({.statuses = {WorkerStatus::kActive}}) == Ids{"a", "d"});
  CHECK(subject.Ids({.statuses = {WorkerStatus::kOffline, WorkerStatus::kPending}}) == Ids{"b", "c"});
  CHECK(subject.Ids({.statuses = {WorkerStatus::kActive, WorkerStatus::kActive}}) == Ids{"a", "d"});
  CHECK(subject.Ids({.statuses = {WorkerStatus::kFailed}}).empty());
  CHECK(subject.Ids({.region = "eu"}) == Ids{"a", "b"});
  CHECK(subject.Ids({.region = "e"}).empty());
  CHECK(subject.Ids({.region = "nowhere"}).empty());
  CHECK(subject.Ids({.capability = "gpu"}) == Ids{"a", "c"});
  CHECK(subject.Ids({.capability = "gp"}).empty());
  CHECK(subject.Ids({.metadata = {{"zone", "1"}}}) == Ids{"a", "c"});
  CHECK(subject.Ids({.metadata = {{"os", "linux"}, {"zone", "1"}}}) == Ids{"a"});
  CHECK(subject.Ids({.metadata = {{"zone", ""}}}).empty());
  CHECK(subject.Ids({.statuses = {WorkerStatus::kActive}, .region = "us"}) == Ids{"d"});
  CHECK(subject.Ids({.statuses = {WorkerStatus::kActive},
                     .region = "eu",
                     .capability = "gpu",
                     .metadata = {{"os", "linux"}}}) == Ids{"a"});
  CHECK(subject.Ids({.region = "us", .capability = "cpu"}).empty());

  // A limit counts matches, and after_id works with every filter.
  CHECK(IdsOf(subject.reader().List({.capability = "gpu"}, "", 1)) == Ids{"a"});
  CHECK(IdsOf(subject.reader().List({.capability = "gpu"}, "a", 1)) == Ids{"c"});
  CHECK(IdsOf(subject.reader().List({.statuses = {WorkerStatus::kActive}}, "a", 10)) == Ids{"d"});
  CHECK(IdsOf(subject.reader().List({.region = "us"}, "c", 10)) == Ids{"d"});
}

TEST_CASE("filters follow a worker that changes region, capabilities and metadata") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a", {.region = "eu", .capabilities = {"gpu"}, .metadata = {{"os", "linux"}}});
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    Worker worker = *view.worker;
    worker.config = {.region = "us", .capacity = 1, .capabilities = {"cpu"}, .metadata = {{"os", "bsd"}}};
    tx.Update(view, worker);
  });
  CHECK(subject.Ids({.region = "eu"}).empty());
  CHECK(subject.Ids({.region = "us"}) == Ids{"a"});
  CHECK(subject.Ids({.capability = "gpu"}).empty());
  CHECK(subject.Ids({.metadata = {{"os", "bsd"}}}) == Ids{"a"});
  CHECK(Describe(subject.reader().Totals()) ==
        "us: Pending=1 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n");
}

TEST_CASE("a region's numbers follow its workers") {
  Subject subject(GENERATE(from_range(AllStores())));
  CHECK((*subject.reader().Totals()).empty());
  subject.Register("a", {.region = "eu", .capacity = 10});
  subject.Register("b", {.region = "eu", .capacity = 5});
  subject.Register("c", {.region = "ap", .capacity = 7});
  CHECK(Describe(subject.reader().Totals()) ==
        "ap: Pending=1 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n"
        "eu: Pending=2 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n");

  subject.Beat("a", 4);  // before it is Active: it counts when it is Active
  subject.SetStatus("a", WorkerStatus::kActive);
  subject.SetStatus("b", WorkerStatus::kActive);
  CHECK(Describe(subject.reader().Totals()) ==
        "ap: Pending=1 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n"
        "eu: Pending=0 Active=2 Offline=0 Failed=0 capacity=15 in_use=4 free=11\n");

  subject.Beat("b", 8);  // more than its capacity: takes nothing from the other workers
  CHECK(Describe(subject.reader().Totals()) ==
        "ap: Pending=1 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n"
        "eu: Pending=0 Active=2 Offline=0 Failed=0 capacity=15 in_use=12 free=6\n");

  subject.Beat("b");  // without in_use: the latest value stays
  subject.Write([&](WriteTx& tx) {
    tx.RecordHeartbeat(Found(tx, "a"), subject.now(), 9);
    tx.RecordHeartbeat(Found(tx, "a"), subject.now(), 1);
  });
  subject.SetStatus("c", WorkerStatus::kFailed);
  CHECK(Describe(subject.reader().Totals()) ==
        "ap: Pending=0 Active=0 Offline=0 Failed=1 capacity=0 in_use=0 free=0\n"
        "eu: Pending=0 Active=2 Offline=0 Failed=0 capacity=15 in_use=9 free=9\n");

  subject.SetStatus("b", WorkerStatus::kOffline);
  subject.Remove("c");
  CHECK(Describe(subject.reader().Totals()) ==
        "eu: Pending=0 Active=1 Offline=1 Failed=0 capacity=10 in_use=1 free=9\n");
  subject.Remove("a");
  subject.Remove("b");
  CHECK((*subject.reader().Totals()).empty());
}

TEST_CASE("the numbers show what is committed, whatever is staged") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a", {.region = "eu", .capacity = 10});
  WriteTx& tx = subject.store().Begin();
  tx.Insert(NewWorker(tx, "b", subject.now(), {.region = "ap"}));
  const WorkerView a = Found(tx, "a");
  Worker active = *a.worker;
  active.status = WorkerStatus::kActive;
  tx.Update(a, active);
  CHECK(Describe(subject.reader().Totals()) ==
        "eu: Pending=1 Active=0 Offline=0 Failed=0 capacity=0 in_use=0 free=0\n");
  subject.store().Rollback();
}

TEST_CASE("a held region is shown as held until it is released") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a", {.region = "eu"});
  const ListeningTime until = subject.now().listening + absl::Seconds(60);
  subject.Write([&](WriteTx& tx) {
    tx.Hold({"eu", until});
    tx.Hold({"empty", until});
  });
  std::vector<RegionHold> holds = *subject.reader().Holds();
  std::sort(holds.begin(), holds.end(),
            [](const auto& one, const auto& other) { return one.region < other.region; });
  REQUIRE(holds.size() == 2);
  CHECK(Describe(holds[0]) == absl::StrCat("empty held until ", until.micros()));
  CHECK(Describe(holds[1]) == absl::StrCat("eu held until ", until.micros()));
  const std::vector<RegionTotals> held = *subject.reader().Totals();
  REQUIRE(held.size() == 1);  // regions without workers are left out
  CHECK(held[0].held);
  CHECK(held[0].held_until == until);

  subject.Write([&](WriteTx& tx) { tx.Hold({"eu", until + absl::Seconds(1)}); });
  CHECK((*subject.reader().Totals())[0].held_until == until + absl::Seconds(1));

  subject.Write([&](WriteTx& tx) {
    tx.Release("eu");
    tx.Release("never held");
  });
  CHECK_FALSE((*subject.reader().Totals())[0].held);
  CHECK(IdsOf(subject.reader().List({}, "", 10)) == Ids{"a"});
  CHECK((*subject.reader().Holds()).size() == 1);
}

}  // namespace
}  // namespace muster::testing

// Sweeps look without a lock, and lock only what they move.
#include "store/postgres/sweep_questions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/liveness.h"
#include "store/postgres/shared_registry.h"
#include "tests/store/up_to.h"

namespace muster::testing {
namespace {

using postgres::Sql;

constexpr Sql kVersionOfTheRegistry = {"version_of_the_roll",
                                       "SELECT xmin::text || ' ' || ctid::text FROM roll"};

// Does with the workers what a sweep does.
void MoveAll(WriteTx& tx, const std::vector<WorkerView>& views, WorkerStatus to) {
  for (const WorkerView& view : views) {
    Worker worker = *view.worker;
    worker.status = to;
    worker.revision = tx.NextRevision();
    tx.Update(view, std::move(worker));
  }
}

std::size_t MoveSilent(SharedRegistry& registry, std::size_t store, int limit) {
  WriteTx& tx = registry[store].BeginStep();
  const Result<std::vector<WorkerView>> silent = tx.Silent(UpTo(registry.now.listening), {}, limit);
  REQUIRE(silent.ok());
  MoveAll(tx, *silent, WorkerStatus::kOffline);
  REQUIRE(registry[store].CommitStep(registry.listening()).committed());
  return silent->size();
}

TEST_CASE("an empty sweep waits for no lock, holds none, and writes nothing") {
  SharedRegistry registry;
  registry.Register(Names(20), WorkerStatus::kActive);
  const std::string before = registry.Ask<kVersionOfTheRegistry>();
  registry.Execute("BEGIN; SELECT FROM roll FOR UPDATE; SELECT FROM workers FOR UPDATE");
  const ListeningTime long_ago = ListeningTime::FromMicros(-1);
  WriteTx& tx = registry[0].BeginStep();
  CHECK(tx.PendingHeard(100)->empty());
  CHECK(tx.SilentByRegion(UpTo(long_ago))->empty());
  CHECK(tx.Holds()->empty());
  CHECK(tx.Silent(UpTo(long_ago), {}, 100)->empty());
  CHECK(tx.OfflineFresh(UpTo(registry.now.listening), 100)->empty());
  const CommitResult result = registry[0].CommitStep(registry.listening());
  CHECK(result.committed());
  CHECK_FALSE(result.wrote);
  registry.Execute("ROLLBACK");
  CHECK(registry.Ask<kVersionOfTheRegistry>() == before);
}

TEST_CASE("a sweep takes the silent workers step by step, also if another program holds some of their rows") {
  SharedRegistry registry;
  registry.Register(Names(25), WorkerStatus::kActive);
  registry.Execute("BEGIN; SELECT FROM workers WHERE id IN ('w3', 'w4', 'w20') FOR UPDATE");
  CHECK(MoveSilent(registry, 0, 10) == 10);
  CHECK(MoveSilent(registry, 0, 10) == 10);
  CHECK(MoveSilent(registry, 0, 10) == 2);
  registry.Execute("ROLLBACK");
  registry[0].coordination()->EndRun();
  CHECK(MoveSilent(registry, 0, 10) == 3);
  registry[0].coordination()->EndRun();
  CHECK(MoveSilent(registry, 0, 10) == 0);
}

TEST_CASE("a worker that is heard after the first look of a run is not taken by its later steps") {
  SharedRegistry registry(2);
  const std::vector<std::string> names = Names(30);
  registry.Register(names, WorkerStatus::kActive);
  std::set<std::string> heard(names.begin(), names.end());
  {
    WriteTx& tx = registry[0].BeginStep();
    const std::vector<WorkerView> silent = *tx.Silent(UpTo(registry.now.listening), {}, 10);
    REQUIRE(silent.size() == 10);
    for (const WorkerView& view : silent) heard.erase(view.worker->id);
    MoveAll(tx, silent, WorkerStatus::kOffline);
    REQUIRE(registry[0].CommitStep(registry.listening()).committed());
  }
  Moment later = registry.now;
  later.listening = later.listening + absl::Seconds(1);
  BatchKeys keys;
  for (const std::string& id : heard) keys.ids.push_back(id);
  WriteTx& tx = registry[1].BeginBatch(keys);
  for (const std::string& id : heard) tx.RecordHeartbeat(**tx.Find(id), later, std::nullopt);
  REQUIRE(registry[1].Commit(registry.listening()).committed());
  CHECK(MoveSilent(registry, 0, 10) == 0);
}

TEST_CASE("a step that decided by holds which another daemon changed meanwhile has lost the race") {
  SharedRegistry registry(2);
  registry.Register(Names(3), WorkerStatus::kActive);
  const auto hold = [&](WriteTx& tx) {
    tx.Hold({"eu", registry.now.listening + absl::Seconds(60)});
    tx.Append({.type = EventType::kRegionHeld, .region = "eu"});
  };
  WriteTx& first = registry[0].BeginStep();
  CHECK((*first.SilentByRegion(UpTo(registry.now.listening)))[0].silent == 3);
  CHECK(first.Holds()->empty());
  WriteTx& second = registry[1].BeginStep();
  CHECK(second.Holds()->empty());
  hold(second);
  REQUIRE(registry[1].CommitStep(registry.listening()).committed());
  registry[1].coordination()->EndRun();
  hold(first);
  CHECK(registry[0].CommitStep(registry.listening()).lost_race());
  registry[0].Rollback();
  CHECK(registry[0].Reader().Events("", 0, false, 100)->size() == 1);

  // Again, on what is true now.
  WriteTx& again = registry[0].BeginStep();
  CHECK(again.Holds()->size() == 1);
  CHECK(again.Silent(UpTo(registry.now.listening), {"eu"}, 10)->empty());
  CHECK_FALSE(registry[0].CommitStep(registry.listening()).wrote);
}

TEST_CASE("the rule of silence in SQL is the same as in the domain") {
  SharedRegistry registry;
  struct Case {
    std::optional<std::int64_t> by_hand;
    std::optional<std::int64_t> heard;
  };
  std::vector<Case> cases;
  for (const std::optional<std::int64_t> by_hand :
       {std::optional<std::int64_t>(), {0L}, {99L}, {100L}, {101L}}) {
    for (const std::optional<std::int64_t> heard :
         {std::optional<std::int64_t>(), {0L}, {99L}, {100L}, {101L}}) {
      cases.push_back({by_hand, heard});
    }
  }
  const std::vector<std::string> names = Names(cases.size());
  registry.Register(names, WorkerStatus::kActive);
  const auto sql = [](const std::optional<std::int64_t>& micros) {
    return micros ? absl::StrCat(*micros) : std::string("NULL");
  };
  const auto time = [](const std::optional<std::int64_t>& micros) {
    return micros ? std::optional(ListeningTime::FromMicros(*micros)) : std::nullopt;
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    registry.Execute(absl::StrCat("UPDATE workers SET activated_by_hand_at = ", sql(cases[i].by_hand),
                                  ", heard_at = ", sql(cases[i].heard),
                                  ", heartbeats = ", cases[i].heard ? 1 : 0,
                                  ", last_heartbeat_at = now() WHERE id = '", names[i], "'"));
  }
  for (const std::int64_t cutoff : {-1, 0, 98, 99, 100, 101}) {
    CAPTURE(cutoff);
    std::set<std::string> expected;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (IsStale(time(cases[i].by_hand), time(cases[i].heard), UpTo(ListeningTime::FromMicros(cutoff)))) {
        expected.insert(names[i]);
      }
    }
    WriteTx& tx = registry[0].BeginStep();
    std::set<std::string> found;
    const Result<std::vector<WorkerView>> silent =
        tx.Silent(UpTo(ListeningTime::FromMicros(cutoff)), {}, 1000);
    REQUIRE(silent.ok());
    for (const WorkerView& view : *silent) {
      found.insert(view.worker->id);
    }
    registry[0].Rollback();
    CHECK(found == expected);
    const std::vector<RegionSilence> by_region =
        *registry[0].BeginStep().SilentByRegion(UpTo(ListeningTime::FromMicros(cutoff)));
    registry[0].Rollback();
    REQUIRE(by_region.size() == (expected.empty() ? 0 : 1));
    if (!expected.empty()) {
      CHECK(by_region[0].silent == static_cast<std::int64_t>(expected.size()));
      CHECK(by_region[0].active == static_cast<std::int64_t>(cases.size()));
    }
  }
}

}  // namespace
}  // namespace muster::testing

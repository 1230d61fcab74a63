// The numbers of the fleet are kept, match what is there, and are counted where they were not kept.
#include "store/postgres/totals.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/real_clock.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/shared_registry.h"
#include "tests/store/up_to.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::Names;
using testing::SharedRegistry;

constexpr Sql kUsageRows = {"usage_rows", "SELECT count(*)::text FROM region_usage"};

class Stranger final : public Session {
 public:
  explicit Stranger(Connection& connection) : connection_(connection) {}
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline) override {
    return connection_.Run(pipeline, kPatience);
  }
  using Session::Run;

 private:
  Connection& connection_;
};

std::string Words(const Reply<std::vector<RegionTotals>>& totals) {
  REQUIRE(totals.ok());
  std::string words;
  for (const RegionTotals& region : *totals) {
    absl::StrAppend(&words, region.region, ":");
    for (int status = 1; status < 5; ++status) absl::StrAppend(&words, " ", region.by_status[status]);
    absl::StrAppend(&words, " ", region.capacity, " ", region.in_use, " ", region.free_capacity, " ",
                    region.held ? "held\n" : "\n");
  }
  return words;
}

// Reads as from a large fleet.
std::string Kept(Stranger& session) {
  return Words(ReadTotals(session, /*counted_at_each_ask=*/0));
}
std::string Counted(Stranger& session) {
  return Words(CountRegions(session));
}

// Makes the kept numbers wrong, so that a test sees whether they are read.
void Mark(SharedRegistry& registry) {
  registry.Execute("UPDATE region_totals SET workers = workers + 1000 WHERE status = 'Pending'");
}

TEST_CASE("the kept numbers are those that are counted, whatever happened to the workers") {
  SharedRegistry registry(2);
  Stranger session(registry.stranger);
  std::mt19937 random(11);  // NOLINT(bugprone-random-generator-seed): the same every time
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  for (int round = 0; round < 120; ++round) {
    Store& store = registry[static_cast<std::size_t>(round % 2)];
    WriteTx& tx = store.Begin();
    for (int i = 0; i <= below(6); ++i) {
      const std::string id = absl::StrCat("w", below(12));
      const std::optional<WorkerView> found = *tx.Find(id);
      Worker worker = found ? *found->worker : Worker();
      worker.id = id;
      worker.instance_id = "instance";
      worker.config.region = absl::StrCat("region-", below(4));
      worker.config.capacity = 1 + below(9);
      worker.status = kAllStatuses[static_cast<std::size_t>(below(4))];
      worker.revision = tx.NextRevision();
      if (!found) {
        tx.Insert(std::move(worker));
      } else if (below(3) == 0) {
        tx.Remove(*found);
      } else {
        const WorkerView view = tx.Update(*found, std::move(worker));
        tx.RecordHeartbeat(view, registry.now, below(12));
      }
    }
    if (below(4) == 0) tx.Hold({absl::StrCat("region-", below(4)), registry.now.listening});
    if (below(8) == 0) {
      store.Rollback();
    } else {
      REQUIRE(store.Commit(registry.listening()).committed());
    }
    REQUIRE(CountUsage(session).ok());
    REQUIRE(Kept(session) == Counted(session));
  }
  CHECK(Kept(session).find("held") != std::string::npos);
}

TEST_CASE("a large fleet is read from the kept numbers, a small one is counted at each question") {
  SharedRegistry registry;
  Stranger session(registry.stranger);
  registry.Register(Names(5));
  registry.Register({"active"}, WorkerStatus::kActive);
  const std::string truth = Counted(session);
  CHECK(Kept(session) == truth);
  Mark(registry);
  CHECK(Kept(session) == truth);  // what is in use was never counted
  REQUIRE(CountUsage(session).ok());
  CHECK(Kept(session) != truth);
  CHECK(Words(ReadTotals(session)) == truth);
  CHECK(registry[0].Reader().Totals()->at(0).by_status[1] == 5);
  // What is in use was counted too long ago, because no leader counts it any more.
  registry.Execute("UPDATE region_usage SET counted_at = counted_at - interval '10 minutes'");
  CHECK(Kept(session) == truth);
}

TEST_CASE(
    "after a program that does not keep the numbers changed workers, they are counted until they match") {
  SharedRegistry registry;
  Stranger session(registry.stranger);
  registry.Register(Names(5), WorkerStatus::kActive);
  REQUIRE(CountUsage(session).ok());
  // Removes a worker like a program of the first version.
  registry.Execute(
      "DELETE FROM workers WHERE id = 'w3'; "
      "UPDATE roll SET workers = 4, last_revision = last_revision + 1, last_cursor = last_cursor + 1");
  const std::string truth = Counted(session);
  Mark(registry);
  CHECK(Kept(session) == truth);
  CHECK(registry[0].BeginStep().SilentByRegion(UpTo(registry.now.listening))->at(0).active == 4);
  registry[0].Rollback();
  // By a program that keeps them, and knows that they do not match.
  registry.Register({"more"}, WorkerStatus::kActive);
  const std::string more = Counted(session);
  CHECK(Kept(session) == more);

  REQUIRE(registry[0].coordination()->RenewMembership({}, {}, absl::Seconds(1))->leads);
  (void)registry[0].Maintain(absl::Milliseconds(1));
  CHECK(Kept(session) == more);
  registry.Execute("UPDATE region_totals SET workers = workers + 1000");
  CHECK(Kept(session) != more);  // they are kept again
}

TEST_CASE("the leader of a large fleet counts what is in use, in the background") {
  SharedRegistry registry(2);
  registry.Register(Names(3), WorkerStatus::kActive);
  registry.Execute("UPDATE roll SET workers = 1000000");
  CHECK(registry[0].coordination()->RenewMembership({}, {}, absl::Seconds(1))->leads);
  CHECK_FALSE(registry[1].coordination()->RenewMembership({}, {}, absl::Seconds(1))->leads);
  CHECK_FALSE(registry[1].Maintain(absl::Milliseconds(1)));
  CHECK(registry.Ask<kUsageRows>() == "0");
  CHECK_FALSE(registry[0].Maintain(absl::Milliseconds(1)));
  const absl::Duration patience = RealClock().MonotonicNow() + kPatience;
  while (registry.Ask<kUsageRows>() != "1" && RealClock().MonotonicNow() < patience) {
  }
  CHECK(registry.Ask<kUsageRows>() == "1");
}

}  // namespace
}  // namespace muster::postgres

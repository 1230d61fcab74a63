// Another program holds rows of the roll, for any length of time. Only the workers whose rows it holds have
// to wait.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "muster/commands.h"
#include "store/postgres/shared_registry.h"
#include "tests/store/up_to.h"

namespace muster::testing {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

struct Carried {
  CommitResult result;
  int tries = 0;
  std::vector<std::string> not_available;
  std::vector<std::string> held;  // the ids that the transaction reports as held
};

// Records a heartbeat of each worker; decides again like a writer.
Carried BeatAll(SharedRegistry& registry, const std::vector<std::string>& ids, bool with_a_change = false) {
  BatchKeys keys{{ids.begin(), ids.end()}, !with_a_change};
  Carried carried;
  do {
    ++carried.tries;
    carried.not_available.clear();
    carried.held.clear();
    WriteTx& tx = registry[0].BeginBatch(keys);
    for (const std::string& id : ids) {
      const Result<HeartbeatReceipt> receipt =
          RecordHeartbeat({id, "instance", 1, "10.0.0.1:1"}, absl::Seconds(120), tx, registry.now);
      if (!receipt.ok() && std::holds_alternative<StoreUnavailable>(receipt.error()))
        carried.not_available.push_back(id);
      if (tx.HeldFor(id) > absl::ZeroDuration()) carried.held.push_back(id);
    }
    CHECK(tx.AnyHeld() == !carried.held.empty());
    if (with_a_change) tx.Append({.type = EventType::kRegionHeld, .at = registry.now.wall, .region = "eu"});
    carried.result = registry[0].Commit(registry.listening());
    if (!carried.result.committed()) registry[0].Rollback();
  } while (carried.result.lost_race() && carried.tries < 5);
  return carried;
}

std::int64_t Total(SharedRegistry& registry, const std::string& id) {
  return registry[0].Reader().Find(id)->value().pulse.total;
}

TEST_CASE("a row that another program holds delays the heartbeats of that worker only") {
  SharedRegistry registry;
  const std::vector<std::string> names = Names(10);
  registry.Register(names);
  const bool with_a_change = GENERATE(false, true);
  REQUIRE(BeatAll(registry, names).result.committed());
  registry.Execute(
      "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT FROM workers WHERE id IN ('w3', 'w7') "
      "FOR UPDATE");
  const std::vector<std::string> held = {"w3", "w7"};
  const Carried first = BeatAll(registry, names, with_a_change);
  CHECK(first.result.committed());
  CHECK(first.not_available == held);
  CHECK(first.held == held);
  for (int again = 0; again < 3; ++again) {  // the row is known to be held now, and is not waited for
    const Carried carried = BeatAll(registry, names, with_a_change);
    CHECK(carried.result.committed());
    CHECK(carried.tries == 1);
    CHECK(carried.not_available == held);
  }
  CHECK(BeatAll(registry, {"w3"}, with_a_change).not_available == std::vector<std::string>{"w3"});
  CHECK(BeatAll(registry, {"w4"}, with_a_change).held.empty());
  registry.Execute("ROLLBACK");

  const Carried freed = BeatAll(registry, names, with_a_change);
  CHECK(freed.result.committed());
  CHECK(freed.tries == 1);
  CHECK(freed.not_available.empty());
  CHECK(Total(registry, "w3") == 2);
  CHECK(Total(registry, "w4") == 7);
  CHECK(BeatAll(registry, names, with_a_change).held.empty());
}

TEST_CASE("a sweep leaves out a worker whose row is held: the worker does not become Offline meanwhile") {
  SharedRegistry registry;
  registry.Register({"a", "b"}, WorkerStatus::kActive);
  registry.Execute("BEGIN; SELECT FROM workers WHERE id = 'a' FOR UPDATE");
  WriteTx& tx = registry[0].BeginStep();
  const Result<std::vector<WorkerView>> silent = tx.Silent(UpTo(registry.now.listening), {}, 10);
  REQUIRE(silent.ok());
  REQUIRE(silent->size() == 1);
  CHECK((*silent)[0].worker->id == "b");
  registry[0].Rollback();
}

TEST_CASE(
    "a worker whose heartbeat waits for its row does not become Offline before the heartbeat is written") {
  SharedRegistry registry;
  registry.Register({"a"}, WorkerStatus::kActive);
  registry.Execute(
      "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT FROM workers WHERE id = 'a' FOR UPDATE");
  CHECK(BeatAll(registry, {"a"}).held.size() == 1);
  registry.Execute("ROLLBACK");
  const auto silent = [&](ListeningTime cutoff) {
    const Result<std::vector<WorkerView>> found = registry[0].BeginStep().Silent(UpTo(cutoff), {}, 10);
    registry[0].Rollback();
    REQUIRE(found.ok());
    return found->size();
  };
  const ListeningTime before = registry.now.listening - absl::Seconds(1);
  CHECK(silent(before) == 0);
  CHECK(BeatAll(registry, {"a"}).held.empty());
  CHECK(silent(before) == 0);
  CHECK(silent(registry.now.listening) == 1);
}

Membership Renew(SharedRegistry& registry, std::size_t store, const ListeningReport& own = {}) {
  const Result<Membership> renewed = registry[store].coordination()->RenewMembership(own, {}, kTick);
  REQUIRE(renewed.ok());
  return *renewed;
}

TEST_CASE("while another program holds the row of the roll, heartbeats go on and the clock stands still") {
  SharedRegistry registry(2);
  registry.Register(Names(3));
  const auto clock_at = [](int seconds) {
    const ListeningTime clock = ListeningTime() + absl::Seconds(1000 + seconds);
    return ListeningReport{{clock, absl::Seconds(7)}, clock, true, ""};
  };
  CHECK(Renew(registry, 0).leads);
  CHECK(Renew(registry, 0, clock_at(0)).leads);
  CHECK_FALSE(Renew(registry, 1).leads);
  registry.Execute("SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT FROM roll FOR UPDATE");

  // The clocks of the others go on by two ticks without the leader. For this time it need not report
  // anything.
  CHECK(Renew(registry, 0, clock_at(1)).leads);
  CHECK(Renew(registry, 0, clock_at(2)).leads);
  for (int tick = 3; tick < 15; ++tick) {
    const Membership stands = Renew(registry, 0, clock_at(tick));
    CHECK_FALSE(stands.leads);
    CHECK_FALSE(stands.heard.advancing);
    CHECK(stands.heard.state.proven == ListeningTime() + absl::Seconds(1000));
    CHECK(absl::StrContains(stands.heard.because, "holds the roll's row"));
    const Membership other = Renew(registry, 1);
    CHECK_FALSE(other.leads);
    CHECK(other.heard.state.proven <= ListeningTime() + absl::Seconds(1002));
  }
  CHECK(BeatAll(registry, Names(3)).result.committed());
  CHECK(BeatAll(registry, Names(3)).tries == 1);
  // There are Pending workers that were heard, but none can be moved now.
  CHECK_FALSE(registry[0].BeginStep().PendingHeard(10).ok());
  registry[0].Rollback();
  const Carried change = BeatAll(registry, Names(3), /*with_a_change=*/true);
  CHECK(change.result.kind == CommitResult::Kind::kFailed);
  CHECK(absl::StrContains(change.result.reason, "another program holds"));
  registry.Execute("ROLLBACK");

  CHECK(Renew(registry, 0, clock_at(0)).leads);
  CHECK_FALSE(Renew(registry, 1).leads);
  CHECK(BeatAll(registry, Names(3), /*with_a_change=*/true).result.committed());
}

TEST_CASE("a follower takes the lead when the row is free, if the leader has gone meanwhile") {
  SharedRegistry registry(2);
  CHECK(Renew(registry, 0).leads);
  CHECK_FALSE(Renew(registry, 1).leads);
  registry.Execute("SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT FROM roll FOR UPDATE");
  for (int tick = 0; tick < 10; ++tick) CHECK_FALSE(Renew(registry, 1).leads);
  registry.Execute("ROLLBACK");
  CHECK(Renew(registry, 1).leads);
  CHECK_FALSE(Renew(registry, 0).leads);
}

}  // namespace
}  // namespace muster::testing

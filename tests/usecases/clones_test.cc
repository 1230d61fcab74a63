// Two processes on one id are reported; a rolling restart never is.
#include "catch.h"
#include "usecases/fleet.h"

using namespace muster;

namespace {

RegisterWorkerCommand Takeover(std::string instance, std::string peer) {
  RegisterWorkerCommand command = Fleet::Registration("w", std::move(instance), true);
  command.peer = std::move(peer);
  return command;
}

}  // namespace

TEST_CASE("a rolling restart is not reported, however the old process learns of it") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  REQUIRE(fleet.Beat("w", "a").ok());
  fleet.Advance(absl::Seconds(10));
  for (const std::string next : {"b", "c", "d"}) {
    const std::string old = fleet.Get("w").worker->instance_id;
    REQUIRE(fleet.Register(Takeover(next, "10.0.0.2:2")).ok());
    REQUIRE(fleet.Register(Takeover(next, "10.0.0.2:3")).ok());  // a retry
    REQUIRE(fleet.Beat("w", next).ok());
    fleet.Advance(absl::Seconds(10));
    CHECK(Refusal(fleet.Beat("w", old)) == "INSTANCE_SUPERSEDED");  // its first heartbeat since: now it knows
    fleet.Advance(fleet.settings.heartbeat_timeout - absl::Seconds(10));
    CHECK(Refusal(fleet.Beat("w", old)) == "INSTANCE_SUPERSEDED");  // slow to stop, but in time
    fleet.Advance(absl::Hours(1));
    REQUIRE(fleet.Beat("w", next).ok());
  }
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
}

TEST_CASE("an instance that takes back an id that was taken from it is a clone") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  REQUIRE(fleet.Register(Takeover("b", "10.0.0.2:2")).ok());
  const Result<WorkerView> back = fleet.Register(Takeover("a", "10.0.0.1:7"));
  REQUIRE(back.ok());
  CHECK(fleet.Get("w").worker->instance_id == "a");  // it is carried out nevertheless

  const std::vector<Event> reports = fleet.EventsOf(EventType::kCloneDetected);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].reason ==
        "two processes use this id: instance a at 10.0.0.1:7 and instance b at 10.0.0.2:2");
  CHECK(reports[0].worker_id == "w");
  CHECK(reports[0].revision == back->worker->revision);

  SECTION("the loser's late heartbeats do not report it again for the same registration") {
    fleet.Advance(absl::Hours(1));
    CHECK(Refusal(fleet.Beat("w", "b")) == "INSTANCE_SUPERSEDED");
    CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 1);
  }
  SECTION("the next swing of the pendulum is another registration, reported once") {
    REQUIRE(fleet.Register(Takeover("b", "10.0.0.2:2")).ok());
    CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 2);
  }
}

TEST_CASE("an instance that still beats a timeout after it was replaced is a clone, reported once") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  const std::int64_t revision = fleet.Register(Takeover("b", "10.0.0.2:2"))->worker->revision;
  fleet.Advance(fleet.settings.heartbeat_timeout + absl::Microseconds(1));
  CHECK(Refusal(fleet.Beat("w", "a", {}, "10.0.0.1:8")) == "INSTANCE_SUPERSEDED");

  const std::vector<Event> reports = fleet.EventsOf(EventType::kCloneDetected);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].reason ==
        "two processes use this id: instance a at 10.0.0.1:8 and instance b at 10.0.0.2:2");
  CHECK(fleet.Get("w").worker->revision == revision);  // a report is not a change
  CHECK(fleet.Get("w").pulse.total == 0);

  CHECK(Refusal(fleet.Beat("w", "a", {}, "10.0.0.1:8")) == "INSTANCE_SUPERSEDED");
  CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 1);

  REQUIRE(fleet.Register(Takeover("c", "10.0.0.3:3")).ok());
  fleet.Advance(absl::Hours(1));
  (void)fleet.Beat("w", "a");  // not the instance that c replaced
  CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 1);
  (void)fleet.Beat("w", "b");
  CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 2);
}

TEST_CASE("time in which the daemon could not hear makes no instance a clone") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  REQUIRE(fleet.Register(Takeover("b", "10.0.0.2:2")).ok());
  fleet.now.wall += absl::Hours(5);  // the daemon was down: the listening clock stood still
  CHECK(Refusal(fleet.Beat("w", "a")) == "INSTANCE_SUPERSEDED");
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
}

TEST_CASE("two processes of one instance are reported, once for each registration, and both are heard") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  const std::int64_t revision = fleet.Get("w").worker->revision;
  for (int i = 0; i < 20; ++i) {
    const std::string peer = i % 2 == 0 ? "10.0.0.1:1" : "10.0.0.2:7";
    REQUIRE(fleet.Beat("w", "a", {}, peer).ok());
    fleet.Advance(absl::Seconds(20));
  }
  const std::vector<Event> reports = fleet.EventsOf(EventType::kCloneDetected);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].reason ==
        "two processes use this id: instance a sends from 10.0.0.1 and from 10.0.0.2 in turns");
  CHECK(reports[0].worker_id == "w");
  CHECK(fleet.Get("w").worker->revision == revision);  // a report is not a change
  CHECK(fleet.Get("w").pulse.total == 20);

  REQUIRE(fleet.Register(Takeover("b", "10.0.0.2:2")).ok());
  for (int i = 0; i < 20; ++i) {
    REQUIRE(fleet.Beat("w", "b", {}, i % 2 == 0 ? "10.0.0.1:1" : "10.0.0.2:7").ok());
  }
  CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 2);
}

TEST_CASE("a worker that moves, or sends without its instance, is no clone") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  for (const char* peer : {"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.1:3", "10.0.0.3:1"}) {
    for (int i = 0; i < 5; ++i) {
      REQUIRE(fleet.Beat("w", "a", {}, peer).ok());
      fleet.Advance(absl::Seconds(20));
    }
  }
  for (int i = 0; i < 20; ++i)
    REQUIRE(fleet.Beat("w", "", {}, i % 2 == 0 ? "10.0.0.1:1" : "10.0.0.2:7").ok());
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
}

TEST_CASE("two relays that carry the same worker are no clones") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  for (int i = 0; i < 20; ++i) {
    const std::string peer = i % 2 == 0 ? "10.0.0.8:1" : "10.0.0.9:1";
    REQUIRE(
        fleet
            .Commit([&](WriteTx& tx) {  // as batches and streams do: without `turns`
              return RecordHeartbeat({"w", "a", {}, peer}, fleet.settings.heartbeat_timeout, tx, fleet.now);
            })
            .ok());
  }
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
}

TEST_CASE("a report that was not committed comes with the next turn") {
  Fleet fleet;
  REQUIRE(fleet.Register(Takeover("a", "10.0.0.1:1")).ok());
  for (const char* peer : {"10.0.0.2:1", "10.0.0.1:1", "10.0.0.2:1"})
    REQUIRE(fleet.Beat("w", "a", {}, peer).ok());
  fleet.Rollback([&](WriteTx& tx) {
    const HeartbeatCommand third = {"w", "a", {}, "10.0.0.1:1"};
    REQUIRE(RecordHeartbeat(third, fleet.settings.heartbeat_timeout, tx, fleet.now, &fleet.turns).ok());
  });
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
  REQUIRE(fleet.Beat("w", "a", {}, "10.0.0.2:1").ok());
  CHECK(fleet.EventsOf(EventType::kCloneDetected).size() == 1);
}

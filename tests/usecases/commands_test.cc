// Unregister, heartbeat, and the moves by hand.
#include "catch.h"
#include "usecases/fleet.h"

using namespace muster;
using enum muster::WorkerStatus;

TEST_CASE("unregister removes a worker and its heartbeats, and keeps its events") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  REQUIRE(fleet.Beat("w").ok());
  const std::int64_t revision = fleet.Get("w").worker->revision;
  const Result<WorkerView> gone = fleet.Unregister("w");
  REQUIRE(gone.ok());
  CHECK(gone->worker->instance_id == "a");
  CHECK(gone->worker->revision == revision);
  CHECK_FALSE(fleet.Knows("w"));
  CHECK(Refusal(fleet.Unregister("w")) == "WORKER_NOT_FOUND");
  CHECK(Refusal(ListHeartbeats(fleet.reader(), "w", {})) == "WORKER_NOT_FOUND");

  const std::vector<Event> events = fleet.Events("w");
  REQUIRE(events.size() == 2);
  CHECK(events[1].type == EventType::kUnregistered);
  CHECK(events[1].revision > revision);
  CHECK(events[1].actor == "ops");
  CHECK(events[1].reason == "unregistered while Pending");

  CHECK(fleet.Register("w", "a")->worker->revision > events[1].revision);
  CHECK(fleet.Get("w").pulse.total == 0);
}

TEST_CASE("unregister at a revision fails if the worker has changed") {
  Fleet fleet;
  const std::int64_t revision = fleet.Register("w", "a")->worker->revision;
  REQUIRE(fleet.Beat("w").ok());  // not a change
  const std::int64_t newer = fleet.Move("w", kActive)->worker->revision;
  CHECK(Refusal(fleet.Unregister("w", revision)) == "INVALID_WORKER_STATE");
  CHECK(fleet.Knows("w"));
  CHECK(fleet.Unregister("w", newer).ok());
}

TEST_CASE("a heartbeat is recorded in every status and changes none") {
  for (const WorkerStatus status : kAllStatuses) {
    INFO(StatusName(status));
    Fleet fleet;
    REQUIRE(fleet.Register("w", "a").ok());
    if (status == kOffline) REQUIRE(fleet.Move("w", kActive).ok());
    REQUIRE(fleet.Move("w", status).ok());
    const std::int64_t revision = fleet.Get("w").worker->revision;
    const std::size_t events = fleet.Events().size();
    fleet.Advance(absl::Seconds(1));

    const Result<HeartbeatReceipt> receipt = fleet.Beat("w", "a", 7);
    REQUIRE(receipt.ok());
    CHECK(receipt->status == status);
    CHECK(fleet.StatusOf("w") == status);
    CHECK(fleet.Get("w").worker->revision == revision);
    CHECK(fleet.Get("w").pulse.total == 1);
    CHECK(fleet.Get("w").pulse.last_at == fleet.now.wall);
    CHECK(fleet.Get("w").pulse.heard_at == fleet.now.listening);
    CHECK(fleet.Get("w").pulse.in_use == 7);
    CHECK(fleet.Events().size() == events);
  }
}

TEST_CASE("a heartbeat without an instance is never fenced, one of another instance always is") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(fleet.Beat("w").ok());
  CHECK(fleet.Beat("w", "a").ok());
  CHECK(Refusal(fleet.Beat("w", "stranger")) == "INSTANCE_SUPERSEDED");
  CHECK(Refusal(fleet.Beat("w", "no instance")) == "INVALID_ARGUMENT");
  CHECK(Refusal(fleet.Beat("v", "a")) == "WORKER_NOT_FOUND");
  CHECK(Refusal(fleet.Beat("", "a")) == "INVALID_ARGUMENT");
  CHECK(Refusal(fleet.Beat("w", "a", -1)) == "INVALID_ARGUMENT");
  CHECK(fleet.Get("w").pulse.total == 2);
  CHECK_FALSE(fleet.Get("w").pulse.in_use);
}

TEST_CASE("a move by hand is one change and one event") {
  Fleet fleet;
  const std::int64_t before = fleet.Register("w", "a")->worker->revision;
  fleet.Advance(absl::Seconds(3));
  const Result<WorkerView> moved = fleet.Update({"w", kActive, kPending, before, "burn-in passed", "alice"});
  REQUIRE(moved.ok());
  const Worker& worker = *fleet.Get("w").worker;
  CHECK(worker.status == kActive);
  CHECK(worker.status_reason == "burn-in passed");
  CHECK(worker.status_changed_at == fleet.now.wall);
  CHECK(worker.activated_by_hand_at == fleet.now.listening);
  CHECK(worker.revision > before);
  const Event event = fleet.Events().back();
  CHECK(event.type == EventType::kStatusChanged);
  CHECK(event.from == kPending);
  CHECK(event.to == kActive);
  CHECK(event.reason == "burn-in passed");
  CHECK(event.actor == "alice");
  CHECK(event.revision == worker.revision);
}

TEST_CASE("a move without a reason says that it was made by hand") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(fleet.Update({"w", kFailed, {}, {}, "", "ops"})->worker->status_reason == "moved by hand");
}

TEST_CASE("a move to the status that it has is accepted and changes nothing, Failed included") {
  for (const WorkerStatus status : kAllStatuses) {
    INFO(StatusName(status));
    Fleet fleet;
    REQUIRE(fleet.Register("w", "a").ok());
    if (status == kOffline) REQUIRE(fleet.Move("w", kActive).ok());
    REQUIRE(fleet.Move("w", status).ok());
    const Worker before = *fleet.Get("w").worker;
    const std::size_t events = fleet.Events().size();
    fleet.Advance(absl::Seconds(1));
    const Result<WorkerView> same = fleet.Update({"w", status, status, before.revision, "again", "ops"});
    REQUIRE(same.ok());
    CHECK(same->worker->revision == before.revision);
    CHECK(fleet.Get("w").worker->status_reason == before.status_reason);
    CHECK(fleet.Get("w").worker->activated_by_hand_at == before.activated_by_hand_at);
    CHECK(fleet.Events().size() == events);
  }
}

TEST_CASE("an illegal move is refused and changes nothing") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(Said(fleet.Move("w", kOffline)) ==
        "worker \"w\" cannot go from Pending to Offline: from Pending it can be moved to Active or Failed");
  REQUIRE(fleet.Move("w", kFailed).ok());
  for (const WorkerStatus status : {kPending, kActive, kOffline}) {
    CHECK(Refusal(fleet.Move("w", status)) == "INVALID_STATE_TRANSITION");
  }
  CHECK(fleet.StatusOf("w") == kFailed);
  CHECK(fleet.Events().size() == 2);
}

TEST_CASE("an expectation that is not met wins over everything else about the move") {
  Fleet fleet;
  const std::int64_t revision = fleet.Register("w", "a")->worker->revision;
  CHECK(Said(fleet.Update({"w", kActive, kOffline, {}, "", ""})) ==
        "worker \"w\" is at status Pending, not at status Offline as you expect: read it again, then decide "
        "anew");
  CHECK(Refusal(fleet.Update({"w", kActive, kPending, revision + 1, "", ""})) == "INVALID_WORKER_STATE");
  CHECK(Refusal(fleet.Update({"w", kActive, {}, -1, "", ""})) == "INVALID_WORKER_STATE");
  CHECK(Refusal(fleet.Update({"w", kPending, kActive, {}, "", ""})) == "INVALID_WORKER_STATE");  // a no-op
  CHECK(Refusal(fleet.Update({"w", kOffline, kActive, {}, "", ""})) == "INVALID_WORKER_STATE");  // illegal
  CHECK(fleet.StatusOf("w") == kPending);
  CHECK(fleet.Update({"w", kActive, kPending, revision, "", ""}).ok());
}

TEST_CASE("bad fields of a move are refused by name") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(Refusal(fleet.Update({"v", kActive, {}, {}, "", ""})) == "WORKER_NOT_FOUND");
  CHECK(Said(fleet.Update({"w", WorkerStatus{}, {}, {}, "", ""})).rfind("status: ", 0) == 0);
  CHECK(Said(fleet.Update({"w", kActive, WorkerStatus{9}, {}, "", ""})).rfind("expected_status: ", 0) == 0);
  CHECK(Said(fleet.Update({"w", kActive, {}, {}, std::string(257, 'r'), ""})).rfind("reason: ", 0) == 0);
  CHECK(Said(fleet.Update({"..", kActive, {}, {}, "", ""})).rfind("worker_id: ", 0) == 0);
  CHECK(fleet.StatusOf("w") == kPending);
}

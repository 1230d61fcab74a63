// Register: a new worker, the same again, and a takeover.
#include <functional>

#include "catch.h"
#include "usecases/fleet.h"

using namespace muster;
using enum muster::WorkerStatus;

TEST_CASE("a new worker is Pending, with its configuration and an event") {
  Fleet fleet;
  RegisterWorkerCommand command = Fleet::Registration("w", "a");
  command.config.capabilities = {"gpu", "avx", "ssd"};
  command.config.metadata = {{"zone", "b"}};
  const Result<WorkerView> view = fleet.Register(command);
  REQUIRE(view.ok());
  const Worker& worker = *fleet.Get("w").worker;
  CHECK(worker.status == kPending);
  CHECK(worker.config.capabilities == std::vector<std::string>{"avx", "gpu", "ssd"});
  CHECK(worker.config.metadata == command.config.metadata);
  CHECK(worker.instance_id == "a");
  CHECK(worker.registered_from == "10.0.0.1:1");
  CHECK(worker.registered_at == fleet.now.wall);
  CHECK(worker.status_changed_at == fleet.now.wall);
  CHECK(worker.revision == view->worker->revision);
  CHECK(fleet.Get("w").pulse.total == 0);

  const std::vector<Event> events = fleet.Events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].type == EventType::kRegistered);
  CHECK(events[0].worker_id == "w");
  CHECK(events[0].region == "eu");
  CHECK_FALSE(events[0].from);
  CHECK(events[0].to == kPending);
  CHECK(events[0].revision == worker.revision);
  CHECK(events[0].actor == "ops");
  CHECK(events[0].at == fleet.now.wall);
}

TEST_CASE("a worker without an instance id gets the generated one") {
  Fleet fleet;
  CHECK(fleet.Register("w")->worker->instance_id == "generated");
}

TEST_CASE("an id that is taken is refused, and nothing changes") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(Refusal(fleet.Register("w", "b")) == "WORKER_ALREADY_EXISTS");
  CHECK(Refusal(fleet.Register("w")) == "WORKER_ALREADY_EXISTS");
  RegisterWorkerCommand other = Fleet::Registration("w", "a");
  other.config.capacity = 5;
  CHECK(Refusal(fleet.Register(other)) == "WORKER_ALREADY_EXISTS");
  CHECK(fleet.Events().size() == 1);
  CHECK(fleet.Get("w").worker->instance_id == "a");
  CHECK(fleet.Get("w").worker->config.capacity == 4);
}

TEST_CASE("registering the same again returns the worker that is there, in any status") {
  Fleet fleet;
  RegisterWorkerCommand command = Fleet::Registration("w", "a");
  command.config.capabilities = {"x", "y"};
  const std::int64_t revision = fleet.Register(command)->worker->revision;
  command.config.capabilities = {"y", "x"};  // a set
  command.peer = "10.0.0.1:2";               // a retry comes from another port
  command.replace = GENERATE(false, true);
  CHECK(fleet.Register(command)->worker->revision == revision);

  const std::int64_t failed = fleet.Move("w", kFailed)->worker->revision;
  CHECK(fleet.Register(command)->worker->revision == failed);
  CHECK(fleet.Events().size() == 2);
}

TEST_CASE("a takeover: new configuration, new instance, Pending, the history kept") {
  Fleet fleet;
  const std::int64_t first = fleet.Register("w", "a")->worker->revision;
  REQUIRE(fleet.Beat("w", "a", 3).ok());
  fleet.Run(Job::kActivation);
  REQUIRE(fleet.StatusOf("w") == kActive);
  fleet.Advance(absl::Seconds(5));

  RegisterWorkerCommand command = Fleet::Registration("w", "b", true, "us");
  command.peer = "10.0.0.2:2";
  REQUIRE(fleet.Register(command).ok());
  const WorkerView view = fleet.Get("w");
  CHECK(view.worker->status == kPending);
  CHECK(view.worker->config.region == "us");
  CHECK(view.worker->instance_id == "b");
  CHECK(view.worker->previous_instance_id == "a");
  CHECK(view.worker->registered_from == "10.0.0.2:2");
  CHECK(view.worker->registered_at == fleet.now.wall);
  CHECK_FALSE(view.worker->activated_by_hand_at);
  CHECK(view.worker->revision > first);
  CHECK(view.pulse.total == 1);
  CHECK(ListHeartbeats(fleet.reader(), "w", {})->heartbeats.size() == 1);

  const Event event = fleet.Events().back();
  CHECK(event.type == EventType::kReplaced);
  CHECK(event.from == kActive);
  CHECK(event.to == kPending);
  CHECK(event.region == "us");
  CHECK(event.revision == view.worker->revision);
  CHECK(event.reason == "instance b took over from instance a");
}

TEST_CASE("replace on a free id just registers") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a", true).ok());
  CHECK(fleet.Events().back().type == EventType::kRegistered);
}

TEST_CASE("the process that holds an id may change its configuration by replace") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  REQUIRE(fleet.Register("w", "b", true).ok());
  RegisterWorkerCommand command = Fleet::Registration("w", "b", true);
  command.config.capacity = 9;
  REQUIRE(fleet.Register(command).ok());
  CHECK(fleet.Get("w").worker->config.capacity == 9);
  CHECK(fleet.Get("w").worker->previous_instance_id == "a");
  CHECK(fleet.Beat("w", "b").ok());
  CHECK(Refusal(fleet.Beat("w", "a")) == "INSTANCE_SUPERSEDED");
  CHECK(fleet.EventsOf(EventType::kCloneDetected).empty());
}

TEST_CASE("a Failed worker's id cannot be taken over; after unregister it can be registered") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  REQUIRE(fleet.Move("w", kFailed).ok());
  CHECK(Refusal(fleet.Register("w", "b", true)) == "INVALID_STATE_TRANSITION");
  CHECK(fleet.StatusOf("w") == kFailed);
  CHECK(fleet.Get("w").worker->instance_id == "a");
  REQUIRE(fleet.Unregister("w").ok());
  CHECK(fleet.Register("w", "b").ok());
  CHECK(fleet.StatusOf("w") == kPending);
}

TEST_CASE("a takeover is activated by its own heartbeat, not by those of the process before") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  REQUIRE(fleet.Beat("w", "a").ok());

  SECTION("heard before") {
    REQUIRE(fleet.Register("w", "b", true).ok());
  }
  SECTION("heard before, in the very batch of the takeover") {
    fleet.Commit([&](WriteTx& tx) {
      CHECK(RecordHeartbeat({"w", "a", {}, ""}, absl::Minutes(2), tx, fleet.now).ok());
      CHECK(RegisterWorker(Fleet::Registration("w", "b", true), tx, fleet.now).ok());
      return 0;
    });
  }
  CHECK(fleet.Run(Job::kActivation).moved == 0);
  CHECK(Refusal(fleet.Beat("w", "a")) == "INSTANCE_SUPERSEDED");
  CHECK(fleet.Run(Job::kActivation).moved == 0);
  REQUIRE(fleet.Beat("w", "b").ok());
  CHECK(fleet.Run(Job::kActivation).moved == 1);
  CHECK(fleet.StatusOf("w") == kActive);
}

TEST_CASE("a takeover with a heartbeat in the same batch is activated") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  fleet.Commit([&](WriteTx& tx) {
    CHECK(RegisterWorker(Fleet::Registration("w", "b", true), tx, fleet.now).ok());
    CHECK(RecordHeartbeat({"w", "b", {}, ""}, absl::Minutes(2), tx, fleet.now).ok());
    return 0;
  });
  CHECK(fleet.Run(Job::kActivation).moved == 1);
}

TEST_CASE("bad fields are refused by name, and nothing changes") {
  Fleet fleet;
  const auto field = [&](const std::function<void(RegisterWorkerCommand&)>& spoil) {
    RegisterWorkerCommand command = Fleet::Registration("w", "a");
    spoil(command);
    const Result<WorkerView> result = fleet.Register(command);
    return result.ok() ? "" : std::get<InvalidArgument>(result.error()).field;
  };
  CHECK(field([](auto& c) { c.worker_id = "active"; }) == "worker_id");
  CHECK(field([](auto& c) { c.config.region = ""; }) == "region");
  CHECK(field([](auto& c) { c.config.capacity = 0; }) == "capacity");
  CHECK(field([](auto& c) { c.config.capabilities = {"x", "x"}; }) == "capabilities[1]");
  CHECK(field([](auto& c) { c.config.metadata = {{"k", "\x01"}}; }) == "metadata[k]");
  CHECK(field([](auto& c) { c.instance_id = "no spaces"; }) == "instance_id");
  CHECK(fleet.Events().empty());
  CHECK_FALSE(fleet.Knows("w"));
}

TEST_CASE("a store that does not answer is an error, and nothing is staged") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  fleet.fake().Break(true);
  CHECK(Refusal(fleet.Register("v", "a")) == "STORE_UNAVAILABLE");
  CHECK(Refusal(fleet.Beat("w", "a")) == "STORE_UNAVAILABLE");
  CHECK(Refusal(fleet.Move("w", kFailed)) == "STORE_UNAVAILABLE");
  CHECK(Refusal(fleet.Unregister("w")) == "STORE_UNAVAILABLE");
  fleet.fake().Break(false);
  CHECK(fleet.Events().size() == 1);
  CHECK(fleet.Get("w").pulse.total == 0);
}

// The commands, as a client sees them.
#include <string>

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

using Commands = v1::WorkerCommands::Stub;

TEST_CASE("A worker is registered as it asked, with the address of its caller") {
  Harness harness;
  v1::RegisterWorkerRequest request = Registration("w1");
  request.add_capabilities("gpu");
  request.add_capabilities("avx");
  (*request.mutable_metadata())["rack"] = "r7";
  v1::RegisterWorkerResponse response;
  REQUIRE(harness.Call(&Commands::RegisterWorker, request, response).ok());

  const v1::Worker& worker = response.worker();
  CHECK(worker.id() == "w1");
  CHECK(worker.region() == "eu");
  CHECK(worker.capacity() == 4);
  REQUIRE(worker.capabilities_size() == 2);
  CHECK(worker.capabilities(0) == "avx");
  CHECK(worker.metadata().at("rack") == "r7");
  CHECK(worker.status() == v1::WORKER_STATUS_PENDING);
  CHECK(worker.registered_at().seconds() == 1'700'000'000);
  CHECK_FALSE(worker.has_last_heartbeat_at());
  CHECK(worker.revision() > 0);
  CHECK(worker.instance_id().size() == 32);

  v1::ListEventsResponse events;
  REQUIRE(harness.Call(&v1::WorkerQueries::Stub::ListEvents, v1::ListEventsRequest(), events).ok());
  REQUIRE(events.events_size() == 1);
  CHECK(events.events(0).type() == v1::EVENT_TYPE_REGISTERED);
  CHECK(events.events(0).actor().rfind("127.0.0.1:", 0) == 0);
}

TEST_CASE("Two workers get two instance ids") {
  Harness harness;
  CHECK(harness.Register("a").instance_id() != harness.Register("b").instance_id());
}

TEST_CASE("A taken id is refused, replaced on demand, and the old instance is told") {
  Harness harness;
  harness.Register("w1", "first");
  v1::RegisterWorkerRequest again = Registration("w1");
  again.set_instance_id("second");
  v1::RegisterWorkerResponse response;
  const Refusal taken = Refusal::Of(harness.Call(&Commands::RegisterWorker, again, response));
  CHECK(taken.code == grpc::StatusCode::ALREADY_EXISTS);
  CHECK(taken.info.reason() == "WORKER_ALREADY_EXISTS");
  CHECK(taken.info.metadata().at("worker_id") == "w1");

  again.set_replace(true);
  REQUIRE(harness.Call(&Commands::RegisterWorker, again, response).ok());
  CHECK(harness.Beat("w1", "second").ok());
  CHECK(harness.Beat("w1").ok());
  const Refusal superseded = Refusal::Of(harness.Beat("w1", "first"));
  CHECK(superseded.code == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(superseded.info.reason() == "INSTANCE_SUPERSEDED");
  CHECK(superseded.info.metadata().at("instance_id") == "first");
}

TEST_CASE("A heartbeat is answered with status, time and advice") {
  Harness harness;
  harness.Register("w1");
  v1::HeartbeatRequest request;
  request.set_worker_id("w1");
  request.set_in_use(3);
  v1::HeartbeatResponse response;
  REQUIRE(harness.Call(&Commands::Heartbeat, request, response).ok());
  CHECK(response.recorded_at().seconds() == 1'700'000'000);
  CHECK(response.status() == v1::WORKER_STATUS_PENDING);
  CHECK(response.heartbeat_timeout().seconds() == 3);
  CHECK(response.next_interval().seconds() == 0);
  CHECK(response.next_interval().nanos() >= 450'000'000);  // 500 ms, plus or minus a tenth
  CHECK(response.next_interval().nanos() <= 550'000'000);
  CHECK(harness.Get("w1").in_use() == 3);
  CHECK(harness.RunJobs().activation().moved() == 1);
  REQUIRE(harness.Call(&Commands::Heartbeat, request, response).ok());
  CHECK(response.status() == v1::WORKER_STATUS_ACTIVE);
}

TEST_CASE("A batch has a result for each heartbeat, and a bad one affects no other") {
  Harness harness;
  harness.Register("a");
  harness.Register("b", "mine");
  v1::BatchHeartbeatRequest request;
  request.add_heartbeats()->set_worker_id("a");
  request.add_heartbeats()->set_worker_id("missing");
  request.add_heartbeats()->set_worker_id("no good id");
  v1::HeartbeatRequest& fenced = *request.add_heartbeats();
  fenced.set_worker_id("b");
  fenced.set_instance_id("another");
  request.add_heartbeats()->set_worker_id("a");
  v1::BatchHeartbeatResponse response;
  REQUIRE(harness.Call(&Commands::BatchHeartbeat, request, response).ok());

  REQUIRE(response.results_size() == 5);
  CHECK(response.results(0).status() == v1::WORKER_STATUS_PENDING);
  CHECK_FALSE(response.results(0).has_error());
  CHECK(response.results(1).error().code() == grpc::StatusCode::NOT_FOUND);
  CHECK(response.results(1).error().reason() == "WORKER_NOT_FOUND");
  CHECK(response.results(1).status() == v1::WORKER_STATUS_UNSPECIFIED);
  CHECK(response.results(2).error().reason() == "INVALID_ARGUMENT");
  CHECK(response.results(2).error().message().rfind("heartbeats[2].worker_id", 0) == 0);
  CHECK(response.results(3).error().reason() == "INSTANCE_SUPERSEDED");
  CHECK(response.results(4).status() == v1::WORKER_STATUS_PENDING);
  CHECK(response.recorded_at().seconds() == 1'700'000'000);
  CHECK(response.heartbeat_timeout().seconds() == 3);
  CHECK(harness.Get("a").heartbeats().total() == 2);
  CHECK(harness.Get("b").heartbeats().total() == 0);
}

TEST_CASE(
    "if another daemon was faster, answers to heartbeats are those of the last decision, and nothing else") {
  Harness harness;
  harness.Register("first");
  harness.Register("stays");
  harness.store->meanwhile = ReplaceFirstBySecond;
  harness.store->lose_race = true;
  SECTION("a batch") {
    v1::BatchHeartbeatRequest request;
    for (const char* id : {"first", "second", "stays", "stays"}) request.add_heartbeats()->set_worker_id(id);
    v1::BatchHeartbeatResponse response;
    REQUIRE(harness.Call(&Commands::BatchHeartbeat, request, response).ok());
    REQUIRE(response.results_size() == 4);
    CHECK(response.results(0).error().reason() == "WORKER_NOT_FOUND");
    CHECK(response.results(0).status() == v1::WORKER_STATUS_UNSPECIFIED);
    for (int i = 1; i < 4; ++i) {
      CHECK_FALSE(response.results(i).has_error());
      CHECK(response.results(i).status() == v1::WORKER_STATUS_PENDING);
    }
    CHECK(harness.registry->Status().heartbeats_recorded == 3);
  }
  SECTION("one that was accepted at first") {
    CHECK(Refusal::Of(harness.Beat("first")).info.reason() == "WORKER_NOT_FOUND");
    CHECK(harness.registry->Status().heartbeats_recorded == 0);
  }
  SECTION("one that was refused at first") {
    CHECK(harness.Beat("second").ok());
    CHECK(harness.registry->Status().heartbeats_recorded == 1);
  }
  SECTION("a registration") {
    v1::RegisterWorkerResponse response;
    CHECK(Refusal::Of(harness.Call(&Commands::RegisterWorker, Registration("second"), response))
              .info.reason() == "WORKER_ALREADY_EXISTS");
  }
  CHECK_FALSE(harness.store->lose_race);
}

TEST_CASE("A status is moved by hand, with compare and set") {
  Harness harness;
  const v1::Worker worker = harness.Register("w1");
  v1::UpdateWorkerStatusRequest request;
  v1::UpdateWorkerStatusResponse response;
  request.set_worker_id("w1");
  request.set_status(v1::WORKER_STATUS_ACTIVE);
  request.set_expected_status(v1::WORKER_STATUS_OFFLINE);
  const Refusal missed = Refusal::Of(harness.Call(&Commands::UpdateWorkerStatus, request, response));
  CHECK(missed.code == grpc::StatusCode::ABORTED);
  CHECK(missed.info.reason() == "INVALID_WORKER_STATE");
  CHECK(missed.info.metadata().at("actual") == "status Pending");
  CHECK(missed.info.metadata().at("expected") == "status Offline");

  request.set_expected_status(v1::WORKER_STATUS_PENDING);
  request.set_expected_revision(worker.revision());
  request.set_reason("seen on the floor");
  REQUIRE(harness.Call(&Commands::UpdateWorkerStatus, request, response).ok());
  CHECK(response.worker().status() == v1::WORKER_STATUS_ACTIVE);
  CHECK(response.worker().status_reason() == "seen on the floor");
  CHECK(response.worker().revision() > worker.revision());

  request.clear_expected_status();  // the revision is an old one now
  CHECK(Refusal::Of(harness.Call(&Commands::UpdateWorkerStatus, request, response)).code ==
        grpc::StatusCode::ABORTED);

  request.clear_expected_revision();
  request.set_status(v1::WORKER_STATUS_PENDING);
  const Refusal illegal = Refusal::Of(harness.Call(&Commands::UpdateWorkerStatus, request, response));
  CHECK(illegal.code == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(illegal.info.reason() == "INVALID_STATE_TRANSITION");
  CHECK(illegal.info.metadata().at("from") == "Active");
  CHECK(illegal.info.metadata().at("to") == "Pending");
}

TEST_CASE("Unregister returns the worker as it was, once") {
  Harness harness;
  const v1::Worker worker = harness.Register("w1");
  v1::UnregisterWorkerRequest request;
  v1::UnregisterWorkerResponse response;
  request.set_worker_id("w1");
  request.set_expected_revision(worker.revision() + 1);
  CHECK(Refusal::Of(harness.Call(&Commands::UnregisterWorker, request, response)).info.reason() ==
        "INVALID_WORKER_STATE");
  request.set_expected_revision(worker.revision());
  REQUIRE(harness.Call(&Commands::UnregisterWorker, request, response).ok());
  CHECK(response.worker().id() == "w1");
  const Refusal gone = Refusal::Of(harness.Call(&Commands::UnregisterWorker, request, response));
  CHECK(gone.code == grpc::StatusCode::NOT_FOUND);
  CHECK(gone.info.reason() == "WORKER_NOT_FOUND");
}

TEST_CASE("The scheduler moves the right workers and names them") {
  Harness harness;
  harness.Register("a");
  harness.Register("b");
  REQUIRE(harness.Beat("a").ok());
  const v1::RunSchedulerResponse first = harness.RunJobs();
  CHECK(first.activation().moved() == 1);
  REQUIRE(first.activation().worker_ids_size() == 1);
  CHECK(first.activation().worker_ids(0) == "a");

  harness.Pass(absl::Seconds(6));
  const v1::RunSchedulerResponse second = harness.RunJobs();
  CHECK(second.stale_detection().moved() == 1);
  CHECK(harness.Get("a").status() == v1::WORKER_STATUS_OFFLINE);
  CHECK(harness.Get("b").status() == v1::WORKER_STATUS_PENDING);

  REQUIRE(harness.Beat("a").ok());
  CHECK(harness.RunJobs().reactivation().worker_ids(0) == "a");
}

TEST_CASE("A change that cannot be made durable is UNAVAILABLE, and did not happen") {
  Harness harness;
  harness.Register("w1");
  const std::string before = harness.Everything();
  harness.store->full = true;
  const Refusal refusal = Refusal::Of(harness.Beat("w1"));
  CHECK(refusal.code == grpc::StatusCode::UNAVAILABLE);
  CHECK(refusal.info.reason() == "STORE_UNAVAILABLE");
  v1::RegisterWorkerResponse response;
  CHECK(Refusal::Of(harness.Call(&Commands::RegisterWorker, Registration("w2"), response)).info.reason() ==
        "STORE_UNAVAILABLE");
  v1::BatchHeartbeatRequest batch;
  batch.add_heartbeats()->set_worker_id("w1");
  v1::BatchHeartbeatResponse results;
  CHECK(Refusal::Of(harness.Call(&Commands::BatchHeartbeat, batch, results)).info.reason() ==
        "STORE_UNAVAILABLE");
  CHECK(harness.Everything() == before);
  harness.store->full = false;
  CHECK(harness.Beat("w1").ok());
}

}  // namespace
}  // namespace muster::rpc

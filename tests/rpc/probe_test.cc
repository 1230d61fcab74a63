// The daemon's own heartbeats: answered like those of workers, and seen nowhere.
#include <string>

#include "harness.h"
#include "tests/catch.h"

namespace muster::rpc {
namespace {

using Commands = v1::WorkerCommands::Stub;
using Queries = v1::WorkerQueries::Stub;

v1::HeartbeatRequest Probe(const Harness& harness, const std::string& token) {
  v1::HeartbeatRequest request;
  request.set_worker_id(harness.registry->probe_id());
  request.set_instance_id(token);
  return request;
}

TEST_CASE("A heartbeat of the probe is answered like that of an active worker, and remembered by its token") {
  Harness harness;
  v1::HeartbeatResponse response;
  REQUIRE(harness.Call(&Commands::Heartbeat, Probe(harness, "token"), response).ok());
  CHECK(response.status() == v1::WORKER_STATUS_ACTIVE);
  CHECK(response.has_next_interval());
  CHECK(response.has_heartbeat_timeout());
  CHECK_FALSE(harness.registry->TakeProbe("another"));
  CHECK(harness.registry->TakeProbe("token"));
}

TEST_CASE("A heartbeat of the probe changes nothing that a client can see") {
  Harness harness;
  harness.Register("w");
  REQUIRE(harness.Beat("w").ok());
  const std::string before = harness.Everything();
  v1::HeartbeatResponse response;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(harness.Call(&Commands::Heartbeat, Probe(harness, "token"), response).ok());
  }
  CHECK(harness.Everything() == before);
  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK(summary.heartbeats_recorded() == 1);
}

TEST_CASE("A heartbeat of the probe gets the error of the store") {
  Harness harness;
  harness.store->full = true;
  v1::HeartbeatResponse response;
  // Some are answered without the disk; one in each five seconds is not.
  grpc::Status status = grpc::Status::OK;
  for (int i = 0; i < 20 && status.ok(); ++i) {
    harness.manual_clock.Advance(absl::Seconds(1));
    status = harness.Call(&Commands::Heartbeat, Probe(harness, "token"), response);
  }
  CHECK(Refusal::Of(status).info.reason() == "STORE_UNAVAILABLE");
}

TEST_CASE("In every other call the probe's id is an illegal or unknown one") {
  Harness harness;
  const std::string id = harness.registry->probe_id();
  const auto is_illegal = [](const grpc::Status& status) {
    return Refusal::Of(status).code == grpc::StatusCode::INVALID_ARGUMENT;
  };
  v1::RegisterWorkerResponse registered;
  CHECK(is_illegal(harness.Call(&Commands::RegisterWorker, Registration(id), registered)));
  v1::UnregisterWorkerRequest unregister;
  unregister.set_worker_id(id);
  v1::UnregisterWorkerResponse unregistered;
  CHECK(is_illegal(harness.Call(&Commands::UnregisterWorker, unregister, unregistered)));
  v1::GetWorkerRequest get;
  get.set_worker_id(id);
  v1::GetWorkerResponse got;
  CHECK(is_illegal(harness.Call(&Queries::GetWorker, get, got)));

  v1::BatchHeartbeatRequest batch;
  *batch.add_heartbeats() = Probe(harness, "in a batch");
  v1::BatchHeartbeatResponse results;
  REQUIRE(harness.Call(&Commands::BatchHeartbeat, batch, results).ok());
  CHECK(results.results(0).error().reason() == "INVALID_ARGUMENT");
  CHECK_FALSE(harness.registry->TakeProbe("in a batch"));

  grpc::ClientContext context;
  const auto stream = harness.commands->StreamHeartbeats(&context);
  v1::StreamHeartbeatsRequest beat;
  *beat.mutable_heartbeat() = Probe(harness, "in a stream");
  REQUIRE(stream->Write(beat));
  v1::StreamHeartbeatsResponse answer;
  REQUIRE(stream->Read(&answer));
  CHECK(answer.result().error().reason() == "INVALID_ARGUMENT");
  stream->WritesDone();
  CHECK(stream->Finish().ok());
  CHECK_FALSE(harness.registry->TakeProbe("in a stream"));
}

TEST_CASE("An id that begins like the probe's is answered like any illegal one") {
  Harness harness;
  std::string other = harness.registry->probe_id();
  other.back() = other.back() == '0' ? '1' : '0';
  const Refusal guessed = Refusal::Of(harness.Beat(other, "token"));
  CHECK(guessed.code == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(guessed.field() == "worker_id");
  CHECK(guessed.message.find("~probe~") == std::string::npos);
  CHECK_FALSE(harness.registry->TakeProbe("token"));
}

}  // namespace
}  // namespace muster::rpc

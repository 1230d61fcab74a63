// What grpc.health.v1 says, and what calls answer, from start to stop.
#include <string>

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

constexpr int kServing = 1;
constexpr int kNotServing = 2;
constexpr char kCommands[] = "muster.v1.WorkerCommands";
constexpr char kQueries[] = "muster.v1.WorkerQueries";

void CheckRefused(Harness& harness, const std::string& why) {
  const Refusal command = Refusal::Of(harness.Beat("w1"));
  CHECK(command.code == grpc::StatusCode::UNAVAILABLE);
  CHECK(command.info.reason() == "STORE_UNAVAILABLE");
  CHECK(command.message.find(why) != std::string::npos);
  for (const char* method :
       {"/muster.v1.WorkerCommands/RegisterWorker", "/muster.v1.WorkerCommands/BatchHeartbeat",
        "/muster.v1.WorkerCommands/RunScheduler", "/muster.v1.WorkerQueries/ListWorkers",
        "/muster.v1.WorkerQueries/GetFleetSummary"}) {
    INFO(method);
    CHECK(Refusal::Of(harness.CallRaw(method, "")).code == grpc::StatusCode::UNAVAILABLE);
  }
  for (const char* service : {"", kCommands, kQueries}) CHECK(harness.Health(service) == kNotServing);
}

TEST_CASE("While it starts it says so; then it serves; while it stops it says so") {
  Harness harness(Harness::Begin::kStarting);
  CheckRefused(harness, "starting");
  harness.Serve();
  for (const char* service : {"", kCommands, kQueries}) CHECK(harness.Health(service) == kServing);
  harness.Register("w1");
  harness.server->Drain();
  CheckRefused(harness, "stopping");
}

TEST_CASE("Of a service that is not there nothing is said") {
  Harness harness;
  CHECK(harness.Health("muster.v1.Nonsense") == 0);
}

/// The timer of the health runs on an executor's thread: asks until the answer is there.
int HealthOnce(Harness& harness, const std::string& service, int awaited) {
  int health = 0;
  for (int tries = 0; tries < 200'000 && health != awaited; ++tries) {
    harness.manual_clock.Advance(absl::Milliseconds(20));
    (void)harness.Beat("w1");  // wakes the executor
    health = harness.Health(service);
  }
  return health;
}

TEST_CASE("While the store cannot be written, the commands are not served, and then are again") {
  Harness harness;
  harness.Register("w1");
  harness.store->full = true;
  CHECK_FALSE(harness.Beat("w1").ok());
  CHECK(HealthOnce(harness, kCommands, kNotServing) == kNotServing);
  CHECK(harness.Health(kQueries) == kServing);
  CHECK(harness.Health("") == kServing);
  harness.store->full = false;
  CHECK(HealthOnce(harness, kCommands, kServing) == kServing);
}

TEST_CASE("Reflection lists the services") {
  Harness harness;
  // ServerReflectionRequest{list_services=7: "*"}, as one message of the stream
  std::string reply;
  const grpc::Status status =
      harness.CallRaw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "\x3a\x01*", &reply);
  CHECK(status.ok());
  CHECK(reply.find(kCommands) != std::string::npos);
  CHECK(reply.find(kQueries) != std::string::npos);
  CHECK(reply.find("grpc.health.v1.Health") != std::string::npos);
}

}  // namespace
}  // namespace muster::rpc

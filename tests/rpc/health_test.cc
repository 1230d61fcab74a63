// What grpc.health.v1 says, and what calls answer, from start to stop.
#include <memory>
#include <string>

#include "catch.h"
#include "grpc/health/v1/health.grpc.pb.h"
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

TEST_CASE("It says that it starts, then that it serves, then that it stops") {
  Harness harness(Harness::Begin::kStarting);
  CheckRefused(harness, "starting");
  harness.Serve();
  for (const char* service : {"", kCommands, kQueries}) CHECK(harness.Health(service) == kServing);
  harness.Register("w1");
  harness.server->Drain();
  CheckRefused(harness, "stopping");
}

TEST_CASE("A service that does not exist has no health") {
  Harness harness;
  CHECK(harness.Health("muster.v1.Nonsense") == 0);
}

TEST_CASE("While the store cannot be written, the commands are not served; then they are again") {
  Harness harness;
  harness.Register("w1");
  harness.store->full = true;
  CHECK_FALSE(harness.Beat("w1").ok());
  CHECK(harness.Health(kCommands) == kNotServing);
  CHECK(harness.Health(kQueries) == kServing);
  CHECK(harness.Health("") == kServing);
  harness.store->full = false;
  CHECK(harness.Beat("w1").ok());
  CHECK(harness.Health(kCommands) == kServing);
}

/// A stream of grpc.health.v1.Health/Watch.
class WatchedHealth {
 public:
  WatchedHealth(Harness& harness, const std::string& service)
      : stub_(grpc::health::v1::Health::NewStub(harness.channel)) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    stream_ = stub_->Watch(&context_, request);
  }
  /// Waits for the next status; -1: the stream has ended.
  int Next() {
    grpc::health::v1::HealthCheckResponse response;
    return stream_->Read(&response) ? static_cast<int>(response.status()) : -1;
  }
  grpc::Status Finish() { return stream_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>> stream_;
};

TEST_CASE("A watching client is told the status, and each change of it, until the end") {
  Harness harness(Harness::Begin::kStarting);
  WatchedHealth commands(harness, kCommands);
  WatchedHealth queries(harness, kQueries);
  CHECK(commands.Next() == kNotServing);
  CHECK(queries.Next() == kNotServing);
  harness.Serve();
  CHECK(commands.Next() == kServing);
  CHECK(queries.Next() == kServing);
  harness.Register("w1");

  harness.store->full = true;
  CHECK_FALSE(harness.Beat("w1").ok());
  harness.manual_clock.Advance(absl::Seconds(1));
  harness.LookAtHealth();
  CHECK(commands.Next() == kNotServing);
  harness.store->full = false;
  CHECK(harness.Beat("w1").ok());
  harness.Pass(absl::Seconds(1));  // it hears itself again
  harness.LookAtHealth();
  CHECK(commands.Next() == kServing);

  harness.server->Drain();
  for (WatchedHealth* each : {&commands, &queries}) {
    CHECK(each->Next() == kNotServing);
    CHECK(each->Next() == -1);
    CHECK(each->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  }
  WatchedHealth late(harness, "");
  CHECK(late.Next() == kNotServing);
  CHECK(late.Next() == -1);
}

TEST_CASE("A client that watches a service that does not exist is told so, and may leave") {
  Harness harness;
  WatchedHealth nonsense(harness, "muster.v1.Nonsense");
  CHECK(nonsense.Next() == 3);  // SERVICE_UNKNOWN
  nonsense.Cancel();
  CHECK(nonsense.Next() == -1);
  CHECK(nonsense.Finish().error_code() == grpc::StatusCode::CANCELLED);
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

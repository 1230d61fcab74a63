#include "harness.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "catch.h"
#include "google/rpc/status.pb.h"
#include "tests/store/test_runtime.h"

namespace muster::rpc {
namespace {

Settings TestSettings() {
  Settings settings;
  settings.heartbeat_timeout = absl::Seconds(3);
  settings.activation_interval = settings.stale_interval = settings.reactivation_interval = absl::Seconds(2);
  settings.min_heartbeat_interval = absl::Milliseconds(500);
  return settings;
}

}  // namespace

void ReplaceFirstBySecond(Store& store) {
  WriteTx& tx = store.Begin();
  const Moment now{absl::UnixEpoch(), ListeningTime()};
  RegisterWorkerCommand second;
  second.worker_id = "second";
  second.config = {"eu", 1, {}, {}};
  second.instance_id = "i";
  (void)UnregisterWorker({"first", std::nullopt, "other"}, tx, now);
  (void)RegisterWorker(std::move(second), tx, now);
  (void)store.Commit({});
}

Refusal Refusal::Of(const grpc::Status& status) {
  Refusal refusal{status.error_code(), status.error_message(), {}, {}, {}};
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  CHECK(details.code() == status.error_code());
  CHECK(details.message() == status.error_message());
  for (const auto& detail : details.details()) {
    const bool known = detail.UnpackTo(&refusal.info) || detail.UnpackTo(&refusal.bad_request) ||
                       detail.UnpackTo(&refusal.retry);
    CHECK(known);
  }
  CHECK(refusal.info.domain() == "muster");
  return refusal;
}

std::string Refusal::field() const {
  return bad_request.field_violations_size() == 1 ? bad_request.field_violations(0).field() : "";
}

Harness::Harness(Begin begin) : Harness(manual_clock, begin) {}

Harness::Harness(const Clock& clock, Begin begin) : clock_(clock), executor_(clock), health_(clock) {
  auto listening =
      RpcServer::Listen({*ListenAddress::Parse("127.0.0.1:0"), "9.8.7", absl::Seconds(3)}, clock, health_);
  REQUIRE(listening.ok());
  server = *std::move(listening);
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel =
      grpc::CreateCustomChannel(server->address().ToString(), grpc::InsecureChannelCredentials(), arguments);
  commands = v1::WorkerCommands::NewStub(channel);
  queries = v1::WorkerQueries::NewStub(channel);
  if (begin == Begin::kServing) Serve();
}

Harness::~Harness() {
  Stop();
}

void Harness::Serve() {
  auto memory = OpenTestStore("memory:");
  REQUIRE(memory.ok());
  auto flaky = std::make_unique<FlakyStore>(*std::move(memory));
  store = flaky.get();
  registry = std::make_unique<Registry>(std::move(flaky), clock_, random_, executor_, TestSettings());
  probe_ = std::make_unique<SelfProbe>(*registry, clock_, executor_);
  probe_->Start("");
  absl::Notification heard;  // the first probe is answered
  executor_.Post(
      [this, &heard] { executor_.Post([this, &heard] { executor_.Post([&heard] { heard.Notify(); }); }); });
  heard.WaitForNotification();
  server->Serve(*registry);
}

void Harness::Stop() {
  if (server == nullptr) return;
  if (store != nullptr) {
    store->commits.Open();
    store->reads.turnstile.Open();
  }
  server->Drain();
  if (registry != nullptr) {
    absl::Notification drained;
    registry->Drain([&drained] { drained.Notify(); });
    drained.WaitForNotification();
  }
  server->Shutdown(absl::Seconds(2));
  executor_.Stop();
  health_.Stop();
  server.reset();
  probe_.reset();
  registry.reset();
}

void Harness::Pass(absl::Duration time) {
  constexpr absl::Duration kStep = absl::Milliseconds(50);
  for (absl::Duration passed; passed < time; passed += kStep) {
    manual_clock.Advance(kStep);
    CHECK(Beat("nobody").error_code() == grpc::StatusCode::NOT_FOUND);  // a turn
  }
}

grpc::Status Harness::CallRaw(const std::string& method, const std::string& bytes, std::string* reply) {
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  const grpc::internal::RpcMethod rpc(method.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer, grpc::ByteBuffer,
                                        grpc::ByteBuffer>(channel.get(), rpc, &context, request, &response);
  if (status.ok() && reply != nullptr) {
    grpc::Slice whole;
    REQUIRE(response.DumpToSingleSlice(&whole).ok());
    reply->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return status;
}

v1::RegisterWorkerRequest Registration(const std::string& id) {
  v1::RegisterWorkerRequest request;
  request.set_worker_id(id);
  request.set_region("eu");
  request.set_capacity(4);
  return request;
}

v1::Worker Harness::Register(const std::string& id, const std::string& instance_id) {
  v1::RegisterWorkerRequest request = Registration(id);
  request.set_instance_id(instance_id);
  v1::RegisterWorkerResponse response;
  const grpc::Status status = Call(&v1::WorkerCommands::Stub::RegisterWorker, request, response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.worker();
}

grpc::Status Harness::Beat(const std::string& id, const std::string& instance_id) {
  v1::HeartbeatRequest request;
  request.set_worker_id(id);
  request.set_instance_id(instance_id);
  v1::HeartbeatResponse response;
  return Call(&v1::WorkerCommands::Stub::Heartbeat, request, response);
}

v1::Worker Harness::Get(const std::string& id) {
  v1::GetWorkerRequest request;
  request.set_worker_id(id);
  request.set_view(v1::WORKER_VIEW_HEARTBEATS);
  v1::GetWorkerResponse response;
  REQUIRE(Call(&v1::WorkerQueries::Stub::GetWorker, request, response).ok());
  return response.worker();
}

v1::RunSchedulerResponse Harness::RunJobs() {
  v1::RunSchedulerResponse response;
  REQUIRE(Call(&v1::WorkerCommands::Stub::RunScheduler, v1::RunSchedulerRequest(), response).ok());
  return response;
}

std::string Harness::Everything() {
  v1::ListWorkersRequest all;
  all.set_page_size(1000);
  all.set_view(v1::WORKER_VIEW_HEARTBEATS);
  v1::ListWorkersResponse workers;
  REQUIRE(Call(&v1::WorkerQueries::Stub::ListWorkers, all, workers).ok());
  v1::ListEventsRequest every;
  every.set_page_size(1000);
  v1::ListEventsResponse events;
  REQUIRE(Call(&v1::WorkerQueries::Stub::ListEvents, every, events).ok());
  return absl::StrCat(workers.DebugString(), events.DebugString());
}

int Harness::Health(const std::string& service) {
  // HealthCheckRequest{service=1}, HealthCheckResponse{status=1}
  std::string request;
  if (!service.empty())
    request = absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
  std::string reply;
  if (!CallRaw("/grpc.health.v1.Health/Check", request, &reply).ok()) return 0;
  return reply.size() == 2 ? reply[1] : 0;
}

}  // namespace muster::rpc

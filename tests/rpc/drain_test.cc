// A stop in the middle of everything: no call hangs, and what was answered with OK is there.
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "catch.h"
#include "harness.h"
#include "runtime/real_clock.h"

namespace muster::rpc {
namespace {

TEST_CASE("If it drains under load, every call ends with OK or UNAVAILABLE, and no OK is lost") {
  const RealClock clock;
  Harness harness(clock, Harness::Begin::kServing);
  constexpr int kClients = 8;
  for (int i = 0; i < kClients; ++i) harness.Register(absl::StrCat("w", i));

  std::atomic<std::int64_t> answered = 0;
  std::vector<std::int64_t> accepted(kClients);
  std::vector<grpc::Status> last(kClients);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      const auto self = static_cast<std::size_t>(i);
      const std::string id = absl::StrCat("w", i);
      while (last[self].ok()) {
        if (i % 2 == 0) {
          last[self] = harness.Beat(id);
          accepted[self] += last[self].ok() ? 1 : 0;
        } else {
          v1::BatchHeartbeatRequest request;
          request.add_heartbeats()->set_worker_id(id);
          request.add_heartbeats()->set_worker_id(id);
          v1::BatchHeartbeatResponse response;
          last[self] = harness.Call(&v1::WorkerCommands::Stub::BatchHeartbeat, request, response);
          accepted[self] += last[self].ok() ? 2 : 0;
        }
        ++answered;
      }
    });
  }
  while (answered < 2000) std::this_thread::yield();

  harness.server->Drain();
  absl::Notification drained;
  harness.registry->Drain([&drained] { drained.Notify(); });
  drained.WaitForNotification();
  for (std::thread& client : clients) client.join();
  for (std::size_t i = 0; i < kClients; ++i) {
    CHECK(last[i].error_code() == grpc::StatusCode::UNAVAILABLE);
    std::int64_t recorded = 0;
    harness.registry->Read({}, [&](Result<const PointReads*> reads) {
      recorded = GetWorker(**reads, absl::StrCat("w", i))->pulse.total;
    });
    CHECK(recorded == accepted[i]);
  }
}

TEST_CASE("A call that its client gave up is finished all the same") {
  Harness harness;
  harness.Register("w1");
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    v1::HeartbeatRequest request;
    request.set_worker_id("w1");
    v1::HeartbeatResponse response;
    std::thread cancel([&context] { context.TryCancel(); });
    const grpc::Status status = harness.commands->Heartbeat(&context, request, &response);
    cancel.join();
    CHECK((status.ok() || status.error_code() == grpc::StatusCode::CANCELLED));
  }
  harness.Stop();  // would not return with a call unfinished
}

TEST_CASE("A stream that a client leaves open does not delay the stop") {
  Harness harness;
  grpc::ClientContext context;
  const grpc::internal::RpcMethod watch("/grpc.health.v1.Health/Watch",
                                        grpc::internal::RpcMethod::SERVER_STREAMING);
  const grpc::Slice empty("");
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(harness.channel.get(), watch, &context,
                                                                    grpc::ByteBuffer(&empty, 1)));
  grpc::ByteBuffer health;
  REQUIRE(stream->Read(&health));
  harness.Stop();
  while (stream->Read(&health)) {
  }
  CHECK_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace muster::rpc

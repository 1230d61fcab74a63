// The service grpc.health.v1.Health, of our own: Check is answered by the thread on which it came, so a
// writer that is stuck cannot keep the answer back.
//
// NOT_SERVING for all services while the daemon starts or stops; for the commands alone while the roll does
// not carry them out (RegistryStatus::not_ready_because).
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "grpc/health/v1/health.grpc.pb.h"
#include "muster/clock.h"
#include "registry/gate.h"

namespace muster {
class Executor;
}

namespace muster::rpc {

/// Thread-safe, but for the destructor.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  /// All must outlive the service. Those that watch are told on `executor`: nothing that may get stuck should
  /// run there, above all not the writer.
  HealthService(const Gate& gate, const Clock& clock, Executor& executor);
  ~HealthService() override;

  /// The gate was opened: those that watch are told now, and from now on once a second of what has changed.
  void Follow();
  /// The gate was closed: those that watch are told so, and their streams end. The roll is not touched after
  /// it returns, but by calls.
  void Stop();

 private:
  using Request = grpc::health::v1::HealthCheckRequest;
  using Response = grpc::health::v1::HealthCheckResponse;

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response) override;
  grpc::ServerWriteReactor<Response>* Watch(grpc::CallbackServerContext* context,
                                            const Request* request) override;

  class Watchers;
  const Gate& gate_;
  const std::shared_ptr<Watchers> watchers_;  // shared with its timer, which may fire once more
};

}  // namespace muster::rpc

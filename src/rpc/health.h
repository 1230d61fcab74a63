// The service grpc.health.v1.Health, our own implementation: Check is answered on the thread that received
// it, so a writer that is stuck cannot delay the answer.
//
// NOT_SERVING for all services while the daemon starts or stops; for the commands alone while the roll does
// not carry them out, or does not hear itself (RegistryStatus::not_ready_because).
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

/// Thread-safe, except for the destructor.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  /// All arguments must outlive the service. Watching clients are told on `executor`: nothing that may get
  /// stuck should run there, and above all not the writer.
  HealthService(const Gate& gate, const Clock& clock, Executor& executor);
  ~HealthService() override;

  /// The gate was opened: watching clients are told now, and from now on once a second if something changed.
  void Follow();
  /// The gate was closed: watching clients are told so, and their streams end. After it returns, only calls
  /// use the roll.
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

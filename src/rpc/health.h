// What grpc.health.v1 tells of the daemon: NOT_SERVING while it starts or stops; and of the commands alone
// while the store cannot be written.
#pragma once

#include <grpcpp/health_check_service_interface.h>

#include <memory>

#include "muster/clock.h"
#include "muster/roll.h"

namespace muster {
class Executor;
}

namespace muster::rpc {

/// Thread-safe.
class Health {
 public:
  /// Clock and executor must outlive it.
  Health(const Clock& clock, Executor& executor);

  /// From now on `service` says NOT_SERVING.
  void Attach(grpc::HealthCheckServiceInterface& service);
  /// Serving; once a second it looks whether the roll's store can be written. Until Stop.
  void Follow(const Roll& roll);
  /// NOT_SERVING for good. Neither roll nor service is touched after it returns.
  void Stop();

 private:
  class State;
  const std::shared_ptr<State> state_;  // shared with its timer, which may fire once more
};

}  // namespace muster::rpc

// One client that watches the health of a service: it is told the status, and each change of it.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "runtime/mutex.h"

namespace muster::rpc {

/// Thread-safe. gRPC owns it until its call is done; then its last holder does.
class HealthWatcher final : public grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse> {
 public:
  using Response = grpc::health::v1::HealthCheckResponse;

  class Owner {
   public:
    virtual ~Owner() = default;
    /// The call of the watcher is done.
    virtual void Remove(const std::shared_ptr<HealthWatcher>& watcher) = 0;
  };

  static std::shared_ptr<HealthWatcher> Begin(std::shared_ptr<Owner> owner, std::string service);

  const std::string& service() const { return service_; }

  /// The status is this now. A client that reads slowly is told only the latest status.
  void Tell(Response::ServingStatus status);
  /// Tells the status for the last time, then ends the call: the daemon stops.
  void End(Response::ServingStatus status);

 private:
  enum class Step { kNothing, kWrite, kFinish };

  HealthWatcher(std::shared_ptr<Owner> owner, std::string service)
      : owner_(std::move(owner)), service_(std::move(service)) {}

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  Step Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  /// Called without the lock: gRPC may call back at once.
  void Do(Step step);

  const std::shared_ptr<Owner> owner_;
  const std::string service_;
  std::shared_ptr<HealthWatcher> self_;  // until OnDone
  Response response_;                    // while it is written
  Mutex mu_;
  Response::ServingStatus status_ ABSL_GUARDED_BY(mu_) = Response::UNKNOWN;
  Response::ServingStatus told_ ABSL_GUARDED_BY(mu_) = Response::UNKNOWN;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster::rpc

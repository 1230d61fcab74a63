// The daemon: every room wired to the next, started and stopped in order.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/port_file.h"
#include "http/api/api.h"
#include "http/server.h"
#include "jobs/scheduled_jobs.h"
#include "muster/registry.h"
#include "rpc/server.h"
#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"

namespace muster::daemon {

/// Not thread-safe.
class Daemon {
 public:
  /// Serves when it returns. An error is for the operator. Precondition: the configuration is valid.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config);
  /// Stops first.
  ~Daemon();

  /// Takes over what may change from a newly loaded, valid configuration, and says in the log what it did.
  void Reload(const Config& loaded);
  /// In order: no more runs of jobs, no more calls, those in flight finished, the store closed.
  void Stop();

 private:
  explicit Daemon(const Config& config);
  absl::Status Listen();
  absl::Status ListenForHttp();
  absl::Status WritePortFiles();
  absl::Status OpenRegistry();
  void SayServing() const;

  Config config_;
  // What is below outlives what is above it.
  const RealClock clock_;
  RealRandom random_;
  std::unique_ptr<ThreadedExecutor> executor_;
  std::unique_ptr<ThreadedExecutor> background_;  // what would hold the writer up
  std::unique_ptr<ThreadedExecutor> health_;      // looks at what the other two do, and waits for neither
  std::unique_ptr<http::Api> api_;                // null, like http_, where HTTP is off
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<http::HttpServer> http_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<ScheduledJobs> jobs_;
  PortFile port_file_;
  PortFile http_port_file_;
};

}  // namespace muster::daemon

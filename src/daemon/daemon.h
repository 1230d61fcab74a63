// The daemon: connects the rooms, and starts and stops them in order.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daemon/config.h"
#include "http/api/api.h"
#include "http/server.h"
#include "jobs/scheduled_jobs.h"
#include "muster/registry.h"
#include "net/local_connections.h"
#include "net/open_files.h"
#include "probe/probe_thread.h"
#include "rpc/server.h"
#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"
#include "store/store.h"

namespace muster::daemon {

/// The file that tells other programs where the daemon listens. It exists as long as this object. It appears
/// complete or not at all.
class PortFile {
 public:
  PortFile() = default;
  ~PortFile();
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;

  /// Writes `address` and a newline to `path`. An error says what failed.
  absl::Status Write(const std::string& path, const std::string& address);

 private:
  std::string path_;
};

/// What the daemon asks of its process.
struct Process {
  /// Waits for an order to stop, so long at most. Says whether it came. Unset: the daemon does not wait.
  std::function<bool(absl::Duration)> stops_within;
  /// The disk under the store failed: the process should stop, and start anew. Any thread, once.
  std::function<void()> disk_failed;
};

/// Not thread-safe.
class Daemon {
 public:
  /// When it returns, the daemon serves. While the disk of its store fails, it listens, is not ready, and
  /// tries again: a process that ended would be started again, into the same bad disk. An error is for the
  /// operator; CANCELLED: an order to stop came first. Precondition: the configuration is valid.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config, Process process);
  /// Stops first.
  ~Daemon();

  /// Applies the reloadable values of a newly loaded, valid configuration, and logs what it did.
  void Reload(const Config& loaded);
  /// In order: starts no more jobs, accepts no more calls, finishes those in flight, closes the store.
  void Stop();

 private:
  Daemon(const Config& config, Process process);
  void PlanConnections();
  absl::Status Listen();
  absl::Status ListenForHttp();
  absl::Status WritePortFiles();
  absl::Status OpenRegistry();
  absl::StatusOr<std::unique_ptr<Store>> OpenStoreAtLast();
  void SayServing() const;

  Config config_;
  const Process process_;
  // A member is destroyed before the members above it.
  const RealClock clock_;
  RealRandom random_;
  net::ConnectionPlan connections_;
  net::LocalConnections local_connections_;
  std::unique_ptr<ThreadedExecutor> executor_;
  std::unique_ptr<ThreadedExecutor> background_;  // work that would delay the writer
  std::unique_ptr<ThreadedExecutor> health_;      // watches the other two, and waits for neither
  std::unique_ptr<http::Api> api_;                // null, like http_, if HTTP is off
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<http::HttpServer> http_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<ScheduledJobs> jobs_;
  std::unique_ptr<probe::ProbeThread> probe_;
  PortFile port_file_;
  PortFile http_port_file_;
};

}  // namespace muster::daemon

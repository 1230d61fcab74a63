// The gRPC server: both services, health and reflection, on one address.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/registry.h"
#include "registry/gate.h"
#include "rpc/commands.h"
#include "rpc/health.h"
#include "rpc/poller_hold.h"
#include "rpc/queries.h"
#include "runtime/listen_address.h"

namespace muster {
class Executor;
}

namespace muster::rpc {

/// The longest message that is read; a longer one is RESOURCE_EXHAUSTED, from gRPC itself.
inline constexpr int kMaxMessageBytes = 4 << 20;
/// Calls that one connection may have in flight; more of them wait at the client, where they cost the daemon
/// nothing. To refuse a call costs nearly as much as to answer it: most of either is gRPC.
inline constexpr int kMaxStreamsPerConnection = 48;

struct ServerOptions {
  ListenAddress address;
  std::string version;
  absl::Duration heartbeat_timeout;  // connections are probed well within it; fixed while the server lives
};

/// Listens from the start, and answers UNAVAILABLE until Serve and after Drain. Thread-safe, but for the
/// destructor.
class RpcServer {
 public:
  /// An error says why it cannot listen, and what to do. Clock and executor must outlive the server. On the
  /// executor those that watch the health are told of it: see health.h.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Listen(const ServerOptions& options, const Clock& clock,
                                                           Executor& executor);
  /// Shuts down first, without grace.
  ~RpcServer();

  /// Where it listens, with the real port.
  const ListenAddress& address() const { return address_; }

  /// Lets calls in. The roll must live until Shutdown has returned. Precondition: called once.
  void Serve(Registry& registry);
  /// Lets no more calls in: they answer UNAVAILABLE, and health says NOT_SERVING. Calls in flight go on.
  void Drain();
  /// Stops listening, waits for calls in flight for at most `grace`, then cancels them. Returns when every
  /// one is finished: so their commands must be finished by the roll.
  void Shutdown(absl::Duration grace);

  /// A channel to this server that needs no socket; for tests.
  std::shared_ptr<grpc::Channel> InProcessChannel();

 private:
  RpcServer(const ServerOptions& options, const Clock& clock, Executor& executor);

  const Clock& clock_;
  Gate gate_;
  HealthService health_;
  CommandsService commands_;
  QueriesService queries_;
  ListenAddress address_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<PollerHold> poller_hold_;  // while serving
};

}  // namespace muster::rpc

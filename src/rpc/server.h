// The gRPC server: both services, health and reflection, on one address.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/registry.h"
#include "net/acceptor_thread.h"
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

/// The longest message that is read; gRPC itself refuses a longer one with RESOURCE_EXHAUSTED.
inline constexpr int kMaxMessageBytes = 4 << 20;
/// One connection may have so many calls in flight. More calls wait at the client, where they cost the
/// daemon nothing. Refusing a call costs nearly as much as answering it: most of the cost is gRPC.
inline constexpr int kMaxStreamsPerConnection = 48;

struct ServerOptions {
  ListenAddress address;
  std::string version;
  absl::Duration heartbeat_timeout;  // connections are probed well within it; fixed while the server lives
  net::ConnectionLimits connections = {};
  const net::LocalConnections* local_connections = nullptr;  // may be null; else it outlives the server
};

/// Listens from the start, and answers UNAVAILABLE until Serve and after Drain. Thread-safe, except for the
/// destructor.
class RpcServer {
 public:
  /// An error says why it cannot listen, and what to do. Clock and executor must outlive the server. Clients
  /// that watch the health are told on the executor: see health.h.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Listen(const ServerOptions& options, const Clock& clock,
                                                           Executor& executor);
  /// Shuts down first, without grace.
  ~RpcServer();

  /// The address on which it listens, with the real port.
  const ListenAddress& address() const { return address_; }

  /// Lets calls in. The roll must live until Shutdown has returned. Precondition: called once.
  void Serve(Registry& registry);
  /// Lets no more calls in: they get UNAVAILABLE, and health says NOT_SERVING. Calls in flight go on.
  void Drain();
  /// Stops listening, waits for calls in flight for at most `grace`, then cancels them. Returns when every
  /// call is finished: so the roll must finish their commands.
  void Shutdown(absl::Duration grace);

  /// A channel to this server without a socket; for tests.
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
  std::unique_ptr<net::AcceptorThread> acceptor_;
};

}  // namespace muster::rpc

// The HTTP server: HTTP/1.1 on one address, on one thread of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "http/handler.h"
#include "http/message.h"
#include "muster/clock.h"
#include "net/acceptor.h"
#include "runtime/listen_address.h"

namespace muster::http {

struct ServerOptions {
  ListenAddress address;
  Limits limits;
  /// Origins whose scripts may read the answers: exact ones ("https://ops.example"), or "*" for all. Empty:
  /// CORS is off.
  std::vector<std::string> cors_origins;
  /// Beyond them a client is told that there are too many (503), and the connection is closed.
  net::ConnectionLimits connections = {};
  const net::LocalConnections* local_connections = nullptr;  // may be null; else it outlives the server
};

/// Passes requests to the handler from the start. Thread-safe, except Shutdown and the destructor: these must
/// not run at the same time.
class HttpServer {
 public:
  /// An error says why it cannot listen, and what to do. The clock and the handler must outlive the server;
  /// answers may come later.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Listen(const ServerOptions& options, const Clock& clock,
                                                            Handler& handler);
  /// Shuts down first, without grace.
  ~HttpServer();

  /// The address on which it listens, with the real port.
  const ListenAddress& address() const { return address_; }

  /// From now on, a connection is closed after its next answer, and idle ones are closed. Requests still
  /// reach the handler, also on new connections: the handler tells the clients that the daemon stops.
  void Drain();
  /// Stops listening, waits for requests in flight for at most `grace`, then closes their connections.
  /// Returns when the thread has ended. After that the handler is not called, and later answers are dropped.
  void Shutdown(absl::Duration grace);

 private:
  class Engine;
  HttpServer(ListenAddress address, std::unique_ptr<Engine> engine);

  const ListenAddress address_;
  const std::unique_ptr<Engine> engine_;
};

}  // namespace muster::http

// The HTTP server: HTTP/1.1 on one address, on one thread of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "http/handler.h"
#include "http/limits.h"
#include "muster/clock.h"
#include "runtime/listen_address.h"

namespace muster::http {

struct ServerOptions {
  ListenAddress address;
  Limits limits;
  /// Origins whose scripts may read the answers: each exact ("https://ops.example"), or "*" for all. Empty:
  /// CORS is off.
  std::vector<std::string> cors_origins;
};

/// Hands requests to the handler from the start. Thread-safe, but for Shutdown and the destructor: one at a
/// time.
class HttpServer {
 public:
  /// An error says why it cannot listen, and what to do. Raises the limit of open files of this process
  /// towards what the connections need. Clock and handler must outlive the server; answers may come later.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Listen(const ServerOptions& options, const Clock& clock,
                                                            Handler& handler);
  /// Shuts down first, without grace.
  ~HttpServer();

  /// Where it listens, with the real port.
  const ListenAddress& address() const { return address_; }

  /// From now on a connection is closed with its next answer, and idle ones are closed. Requests still reach
  /// the handler, on new connections too, so that clients hear from it that the daemon stops.
  void Drain();
  /// Stops listening, waits for requests in flight for at most `grace`, then cuts them off. Returns when the
  /// thread has ended: the handler is not called after that, and answers that come later are dropped.
  void Shutdown(absl::Duration grace);

 private:
  class Engine;
  HttpServer(ListenAddress address, std::unique_ptr<Engine> engine);

  const ListenAddress address_;
  const std::unique_ptr<Engine> engine_;
};

}  // namespace muster::http

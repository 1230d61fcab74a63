// A server with a handler that sends back what it received.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "raw_client.h"
#include "runtime/manual_clock.h"
#include "runtime/mutex.h"

namespace muster::http {

/// Answers at once, except /late. Thread-safe.
///   /late     kept until the test answers it
///   /big?N    a body of N bytes, application/json, with the tag "5"
///   /tag      no body; 304 if If-None-Match is "5"
///   others    the body: method, path, query and body, one line each; the X-… headers are sent back
class EchoHandler final : public Handler {
 public:
  void Handle(Request request, Answer answer) override;
  std::vector<std::string> Methods(const Request& request) override;
  Response Problem(int status, std::string_view detail, const Request* request) override;

  /// The last request that the handler received.
  Request last() const;
  /// The unanswered requests to /late. Waits until there are `count` of them.
  std::vector<Answer> TakeLate(std::size_t count);

 private:
  mutable Mutex mu_;
  CondVar changed_;
  Request last_ ABSL_GUARDED_BY(mu_);
  std::vector<Answer> late_ ABSL_GUARDED_BY(mu_);
};

/// Listens on a free port of the loopback.
struct EchoServer {
  explicit EchoServer(const Limits& limits = {}, std::vector<std::string> cors_origins = {},
                      const net::ConnectionLimits& connections = {});

  RawClient Connect() const { return RawClient(server->address()); }
  /// Sends one request on a new connection.
  RawAnswer Ask(std::string_view bytes) const;

  ManualClock clock;
  EchoHandler handler;
  std::unique_ptr<HttpServer> server;
};

}  // namespace muster::http

// The HTTP/JSON interface: the routes above the engine.
//
// Everything that a route does is a use case, the same as over gRPC. Here is only its form in HTTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/api/routes.h"
#include "http/handler.h"
#include "muster/registry.h"

namespace muster::http {

/// The longest body that any route needs: a batch of 1000 heartbeats, with every id as long as it may be.
inline constexpr std::size_t kMaxBodyBytes = 512 << 10;

struct ApiOptions {
  std::string version;
  /// The same as the engine's. Pages of other origins may not change the roll.
  std::vector<std::string> cors_origins;
};

/// Refuses requests before Serve and after Drain, with the reason. Thread-safe. Answers may come after it is
/// destroyed.
class Api final : public Handler {
 public:
  explicit Api(ApiOptions options)
      : server_info_{{}, std::move(options.version)}, origins_(std::move(options.cors_origins)) {}

  /// Accepts requests. The roll must live until the engine passes no more requests.
  void Serve(Registry& registry) { server_info_.gate.Open(registry); }
  /// Accepts no more requests. Those under way continue.
  void Drain() { server_info_.gate.Close(); }

  void Handle(Request request, Answer answer) override;
  std::vector<std::string> Methods(const Request& request) override;
  Response Problem(int status, std::string_view detail, const Request* request) override;

 private:
  ServerInfo server_info_;
  const std::vector<std::string> origins_;
};

}  // namespace muster::http

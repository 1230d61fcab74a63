// The HTTP/JSON interface: the routes above the engine.
//
// Everything that a route asks or does is a use case, the same as over gRPC; here is only how it is said.
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
  /// As the engine has them: pages of other origins may not change the roll.
  std::vector<std::string> cors_origins;
};

/// Refuses until Serve and after Drain, saying why. Thread-safe. Answers may come after it is gone.
class Api final : public Handler {
 public:
  explicit Api(ApiOptions options)
      : server_info_{{}, std::move(options.version)}, origins_(std::move(options.cors_origins)) {}

  /// Lets requests in. The roll must live until none is handed over any more.
  void Serve(Registry& registry) { server_info_.gate.Open(registry); }
  /// Lets no more in; those that are in go on.
  void Drain() { server_info_.gate.Close(); }

  void Handle(Request request, Answer answer) override;
  std::vector<std::string> Methods(const Request& request) override;
  Response Problem(int status, std::string_view detail, const Request* request) override;

 private:
  ServerInfo server_info_;
  const std::vector<std::string> origins_;
};

}  // namespace muster::http

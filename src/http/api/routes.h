// The table of all routes. Requests, 404, 405, OPTIONS and preflights are decided by it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "http/api/call.h"
#include "muster/registry.h"
#include "registry/gate.h"

namespace muster::http {

/// What the handlers need besides the roll.
struct ServerInfo {
  Gate gate;
  std::string version;  // the daemon's
};

struct Route {
  std::string_view method;                   // GET answers HEAD as well
  std::string_view path;                     // "/workers/{id}"
  std::vector<std::string_view> parameters;  // allowed in its query; "metadata." allows this prefix
  bool takes_body = false;
  // One of them is set. Neither blocks; both make sure that the call is answered.
  void (*on_registry)(Call call, Registry& registry) = nullptr;                  // once the gate is open
  void (*without_registry)(Call call, const ServerInfo& server_info) = nullptr;  // always
};

/// Thread-safe.
absl::Span<const Route> Routes();

/// The routes of a path, with any method. Empty if there is no such path. `id` gets the text in place of
/// {id}.
std::vector<const Route*> RoutesOf(const std::vector<std::string>& segments, std::string& id);

/// The methods of a path with these routes, for Allow: "GET", "HEAD", "OPTIONS".
std::vector<std::string> MethodsOf(const std::vector<const Route*>& routes);

/// The route with this method. Null if there is none.
const Route* RouteFor(std::string_view method, const std::vector<const Route*>& routes);

}  // namespace muster::http

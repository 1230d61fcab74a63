// Every route, once: the table that requests, 404, 405, OPTIONS and preflights go by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "http/api/call.h"
#include "muster/registry.h"
#include "registry/gate.h"

namespace muster::http {

/// What there is beside the roll.
struct ServerInfo {
  Gate gate;
  std::string version;  // the daemon's
};

struct Route {
  std::string_view method;                   // GET answers HEAD as well
  std::string_view path;                     // "/workers/{id}"
  std::vector<std::string_view> parameters;  // that its query may have; "metadata." and what begins so
  bool takes_body = false;
  // One of them. Neither blocks; both see to it that the call is answered.
  void (*on_registry)(Call call, Registry& registry) = nullptr;        // once the gate is open
  void (*without_registry)(Call call, const ServerInfo& server_info) = nullptr;  // always
};

/// Thread-safe.
absl::Span<const Route> Routes();

/// The routes of a path, whatever their method; none: there is no such path. `id` gets what stands for {id}.
std::vector<const Route*> RoutesOf(const std::vector<std::string>& segments, std::string& id);

/// What a path with these routes answers, as Allow tells it: "GET", "HEAD", "OPTIONS".
std::vector<std::string> MethodsOf(const std::vector<const Route*>& routes);

/// Null if none of them has it.
const Route* RouteFor(std::string_view method, const std::vector<const Route*>& routes);

}  // namespace muster::http

#include "http/api/routes.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "generated/openapi.h"
#include "http/api/handlers.h"
#include "muster/errors.h"

namespace muster::http {
namespace {

// The probes. They answer whether or not there is a roll.

/// 200 as long as the process answers. If it does not, restart it.
void AnswerAlive(Call call, const ServerInfo& /*server_info*/) {
  call.Reply({{"status", "alive"}});
}

/// 200 while commands are accepted and the store can be written; otherwise 503 with the reason: send traffic
/// elsewhere.
void AnswerReady(Call call, const ServerInfo& server_info) {
  const Registry* registry = server_info.gate.registry();
  if (registry == nullptr) return call.Refuse(server_info.gate.Refusal());
  std::string because = registry->Status().not_ready_because;
  if (!because.empty()) return call.Refuse(StoreUnavailable{std::move(because)});
  call.Reply({{"status", "ready"}});
}

/// The description of this interface.
void AnswerOpenApi(Call call, const ServerInfo& /*server_info*/) {
  call.Send({200, "application/json", std::string(embedded::kOpenApi[0].content), {}});
}

const std::vector<Route>& Table() {
  static const std::vector<Route>& table = *new std::vector<Route>{
      {"POST", "/workers", {}, true, RegisterWorker},
      {"GET",
       "/workers",
       {"status", "region", "capability", "metadata", "metadata.", "pageSize", "pageToken", "view"},
       false,
       ListWorkers},
      {"GET", "/workers/active", {"pageSize", "pageToken"}, false, ListActiveWorkers},
      {"GET", "/workers/{id}", {}, false, GetWorker},
      {"DELETE", "/workers/{id}", {}, false, UnregisterWorker},
      {"GET", "/workers/{id}/metadata", {}, false, GetWorkerWithHeartbeats},
      {"GET", "/workers/{id}/heartbeats", {"pageSize", "pageToken"}, false, ListHeartbeats},
      {"GET", "/workers/{id}/heartbeats/last", {}, false, GetLastHeartbeat},
      {"POST", "/workers/{id}/heartbeat", {}, true, Heartbeat},
      {"PUT", "/workers/{id}/status", {}, true, UpdateWorkerStatus},
      {"POST", "/heartbeats", {}, true, BatchHeartbeat},
      {"POST", "/scheduler/run", {}, true, RunScheduler},
      {"GET", "/events", {"workerId", "after", "newestFirst", "pageSize", "pageToken"}, false, ListEvents},
      {"GET", "/summary", {}, false, nullptr, GetSummary},
      {"GET", "/healthz", {}, false, nullptr, AnswerAlive},
      {"GET", "/readyz", {}, false, nullptr, AnswerReady},
      {"GET", "/openapi.json", {}, false, nullptr, AnswerOpenApi},
  };
  return table;
}

bool Matches(std::string_view path, const std::vector<std::string>& segments, std::string& id) {
  path.remove_prefix(1);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::size_t slash = path.find('/');
    const std::string_view piece = path.substr(0, slash);
    if (piece == "{id}" && !segments[i].empty()) {
      id = segments[i];
    } else if (piece != segments[i]) {
      return false;
    }
    const bool last = slash == std::string_view::npos;
    if (last) return i + 1 == segments.size();
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

absl::Span<const Route> Routes() {
  return Table();
}

std::vector<const Route*> RoutesOf(const std::vector<std::string>& segments, std::string& id) {
  std::vector<const Route*> found;
  for (const Route& route : Routes()) {
    // A path without {id} comes first in the table, and hides the one with {id}.
    if (!found.empty() && found.front()->path != route.path) continue;
    if (Matches(route.path, segments, id)) found.push_back(&route);
  }
  return found;
}

std::vector<std::string> MethodsOf(const std::vector<const Route*>& routes) {
  std::vector<std::string> methods;
  for (const Route* route : routes) {
    methods.emplace_back(route->method);
    if (route->method == "GET") methods.emplace_back("HEAD");
  }
  if (!methods.empty()) methods.emplace_back("OPTIONS");
  return methods;
}

const Route* RouteFor(std::string_view method, const std::vector<const Route*>& routes) {
  if (method == "HEAD") method = "GET";
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [method](const Route* route) { return route->method == method; });
  return found == routes.end() ? nullptr : *found;
}

}  // namespace muster::http

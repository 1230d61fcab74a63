#include "http/api/api.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "domain/text.h"
#include "domain/validation.h"
#include "http/api/call.h"

namespace muster::http {
namespace {

bool Safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool IsJson(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return SameToken(type, "application/json") || SameToken(type, "application/x-www-form-urlencoded");
}

bool Knows(const Route& route, std::string_view name) {
  return std::any_of(route.parameters.begin(), route.parameters.end(), [name](std::string_view known) {
    return name == known || (known.ends_with('.') && name.size() > known.size() && name.starts_with(known));
  });
}

/// 403 for a change that a page of another origin sends. Browsers send some requests without a preflight, so
/// CORS alone does not stop a page on the web from changing the roll of a daemon on the loopback.
std::optional<Response> RejectCrossOriginWrite(const Request& request,
                                               const std::vector<std::string>& allowed_origins) {
  const std::string_view origin = request.Header("origin");
  if (origin.empty() || Safe(request.method)) return std::nullopt;
  const std::string_view host = request.Header("host");
  if (origin == Concat({"http://", host}) || origin == Concat({"https://", host})) return std::nullopt;
  for (const std::string& allowed : allowed_origins) {
    if (allowed == "*" || allowed == origin) return std::nullopt;
  }
  return Refusal(403, Concat({"pages of ", Excerpt(origin), " may not change the roll: see --cors-origins"}),
                 &request);
}

/// InvalidArgument for a parameter that the route does not know.
FieldError CheckParameters(const Route& route, const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (Knows(route, name)) continue;
    std::string known;
    for (const std::string_view each : route.parameters) {
      known += Concat({known.empty() ? "" : ", ", each, each.ends_with('.') ? "KEY" : ""});
    }
    return InvalidArgument{NameOf(name), Concat({"is not a parameter of ", route.method, " ", route.path,
                                                 "; it has ", known.empty() ? "none" : known})};
  }
  return std::nullopt;
}

/// Sets call.body. Or returns 400 for a body that is no JSON object or that the route does not take, and 415
/// for another type than JSON. `curl -d` sends JSON with the type of a form, so that type counts as JSON too.
std::optional<Response> ReadBody(const Route& route, Call& call) {
  const Request& request = call.request();
  if (request.body.empty()) return std::nullopt;
  if (!route.takes_body) {
    return Refusal(
        InvalidArgument{"body", Concat({"must be empty: ", route.method, " ", route.path, " takes none"})},
        &request);
  }
  if (request.HasHeader("content-type") && !IsJson(request.Header("content-type"))) {
    Response refusal = Refusal(
        415, Concat({"the body is ", Excerpt(request.Header("content-type")), ": send application/json"}),
        &request);
    refusal.headers.emplace_back("Accept", "application/json");
    return refusal;
  }
  Result<Json> body = ParseObject(request.body);
  if (!body.ok()) return Refusal(body.error(), &request);
  call.body = *std::move(body);
  return std::nullopt;
}

}  // namespace

void Api::Handle(Request request, Answer answer) {
  Call call(std::move(request), std::move(answer));
  const std::vector<const Route*> routes = RoutesOf(call.request().segments, call.id);
  if (routes.empty()) {
    return call.Send(Refusal(404, "there is nothing here: /openapi.json lists every route", &call.request()));
  }
  if (call.request().method == "OPTIONS") {
    return call.Send({204, "", "", {{"Allow", absl::StrJoin(MethodsOf(routes), ", ")}}});
  }
  const Route* route = RouteFor(call.request().method, routes);
  if (route == nullptr) {
    Response refusal =
        Refusal(405, Concat({"this path does not answer ", Excerpt(call.request().method), ": see Allow"}),
                &call.request());
    refusal.headers.emplace_back("Allow", absl::StrJoin(MethodsOf(routes), ", "));
    return call.Send(std::move(refusal));
  }
  if (std::optional<Response> refusal = RejectCrossOriginWrite(call.request(), origins_)) {
    return call.Send(*std::move(refusal));
  }
  if (FieldError wrong = CheckParameters(*route, call.request())) return call.Reject(*wrong);
  if (std::optional<Response> refusal = ReadBody(*route, call)) return call.Send(*std::move(refusal));
  if (route->without_registry != nullptr) return route->without_registry(std::move(call), server_info_);
  Registry* registry = server_info_.gate.registry();
  if (registry == nullptr) return call.Refuse(server_info_.gate.Refusal());
  route->on_registry(std::move(call), *registry);
}

std::vector<std::string> Api::Methods(const Request& request) {
  std::string id;
  return MethodsOf(RoutesOf(request.segments, id));
}

Response Api::Problem(int status, std::string_view detail, const Request* request) {
  return Refusal(status, detail, request);
}

}  // namespace muster::http

#include "http/api/admission.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "domain/text.h"

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

}  // namespace

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

FieldError CheckParameters(const Route& route, const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (Knows(route, name)) continue;
    std::string known;
    for (const std::string_view each : route.parameters) {
      known += Concat({known.empty() ? "" : ", ", each, each.ends_with('.') ? "KEY" : ""});
    }
    return InvalidArgument{Excerpt(name), Concat({"is not a parameter of ", route.method, " ", route.path,
                                                "; it has ", known.empty() ? "none" : known})};
  }
  return std::nullopt;
}

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

}  // namespace muster::http

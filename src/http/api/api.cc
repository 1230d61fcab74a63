#include "http/api/api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "domain/text.h"
#include "http/api/admission.h"

namespace muster::http {

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

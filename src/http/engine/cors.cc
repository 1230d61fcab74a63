#include "http/engine/cors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"

namespace muster::http {

Cors::Cors(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      all_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()) {}

bool Cors::Allows(std::string_view origin) const {
  return !origin.empty() && (all_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end());
}

bool Cors::IsPreflight(const Request& request) const {
  return request.method == "OPTIONS" && request.HasHeader("access-control-request-method") &&
         Allows(request.Header("origin"));
}

Response Cors::AnswerPreflight(const std::vector<std::string>& methods) {
  Response response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Methods", absl::StrJoin(methods, ", ")},
                      {"Access-Control-Allow-Headers",
                       "Accept, Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id"},
                      {"Access-Control-Max-Age", "600"}};
  return response;
}

void Cors::Add(std::string_view origin, Fields& headers) const {
  if (off()) return;
  // Also if this answer allows nothing: a cache must not give it to an origin that is allowed.
  if (!all_) headers.emplace_back("Vary", "Origin");
  if (!Allows(origin)) return;
  headers.emplace_back("Access-Control-Allow-Origin", all_ ? "*" : std::string(origin));
  headers.emplace_back("Access-Control-Expose-Headers", "ETag, Location, X-Request-Id");
}

}  // namespace muster::http

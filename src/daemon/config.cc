#include "daemon/config.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/text.h"
#include "runtime/listen_address.h"

namespace muster::daemon {
namespace {

std::optional<std::string> CheckStore(std::string_view store) {
  if (store == "memory:") return std::nullopt;
  for (const std::string_view scheme : {"sqlite:", "postgresql://", "postgres://"}) {
    if (store.starts_with(scheme) && store.size() > scheme.size()) return std::nullopt;
  }
  return absl::StrCat("store is \"", Excerpt(store),
                      "\": set it to sqlite:PATH, to postgresql://HOST/DATABASE, or to memory: for a trial");
}

std::optional<std::string> CheckAddress(std::string_view flag, const std::string& text) {
  const auto address = ListenAddress::Parse(text);
  if (address.ok()) return std::nullopt;
  return Concat({flag, ": ", std::string(address.status().message())});
}

/// "https://ops.example:8443", as a browser sends it in Origin: without a path, even without a slash.
bool IsOrigin(std::string_view text) {
  if (text == "*") return true;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#@ ") == std::string_view::npos;
}

std::optional<std::string> CheckOrigins(const Config& config) {
  for (const std::string& origin : CorsOrigins(config)) {
    if (IsOrigin(origin)) continue;
    return absl::StrCat("cors-origins has \"", Excerpt(origin),
                        "\": write origins like https://ops.example, separated by commas, or * for all");
  }
  return std::nullopt;
}

constexpr std::string_view kHidden = "***";

/// The parameters after '?', without the values of passwords.
std::string ShownParameters(std::string_view query) {
  std::string shown;
  while (!query.empty()) {
    const std::string_view each = query.substr(0, query.find('&'));
    const std::size_t equals = each.find('=');
    const bool secret =
        equals != std::string_view::npos && each.substr(0, equals).find("password") != std::string_view::npos;
    shown += secret ? Concat({each.substr(0, equals + 1), kHidden}) : std::string(each);
    query.remove_prefix(each.size());
    if (query.empty()) break;
    shown += '&';
    query.remove_prefix(1);
  }
  return shown;
}

}  // namespace

std::vector<std::string> CorsOrigins(const Config& config) {
  return absl::StrSplit(config.cors_origins, absl::ByAnyChar(", "), absl::SkipEmpty());
}

std::optional<std::string> Validate(const Config& config) {
  if (auto wrong = CheckAddress("grpc-listen", config.grpc_listen)) return wrong;
  if (!config.http_listen.empty()) {
    if (auto wrong = CheckAddress("http-listen", config.http_listen)) return wrong;
  }
  if (auto wrong = CheckOrigins(config)) return wrong;
  for (const auto& [name, value] :
       {std::pair("max-grpc-connections", config.max_grpc_connections),
        std::pair("max-http-connections", config.max_http_connections),
        std::pair("max-connections-per-address", config.max_connections_per_address)}) {
    if (!value || (*value >= 1 && *value <= kMaxConnections)) continue;
    return absl::StrCat(name, " is ", *value, ": set it between 1 and ", kMaxConnections, ", or to auto");
  }
  if (auto wrong = CheckStore(config.store)) return wrong;
  if (config.history < 1 || config.history > kMaxHistory) {
    return absl::StrCat("history is ", config.history, ": set it between 1 and ", kMaxHistory, " heartbeats");
  }
  if (config.max_events < 1) {
    return absl::StrCat("max-events is ", config.max_events, ": set it to 1 event or more");
  }
  return muster::Validate(config.settings);
}

std::string WithoutPassword(std::string_view setting) {
  const std::size_t scheme = setting.find("://");
  if (scheme == std::string_view::npos) return std::string(setting);
  const std::size_t question = std::min(setting.find('?'), setting.size());
  std::string_view address = setting.substr(0, question);
  std::string shown;
  // Up to the last @: a password that was not escaped may contain any character.
  const std::size_t at = address.rfind('@');
  const std::size_t colon = address.find(':', scheme + 3);
  if (at != std::string_view::npos && colon < at) {
    shown = Concat({address.substr(0, colon + 1), kHidden});
    address.remove_prefix(at);
  }
  shown += address;
  if (question == setting.size()) return shown;
  return shown + '?' + ShownParameters(setting.substr(question + 1));
}

}  // namespace muster::daemon

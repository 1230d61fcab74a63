#include "workerctl/arguments.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::ctl {

std::map<std::string, std::string> ParseMetadata(const std::vector<std::string>& entries) {
  std::map<std::string, std::string> metadata;
  for (const std::string& entry : entries) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CLI::ValidationError("--metadata", absl::StrCat("'", entry, "' is not of the form key=value"));
    }
    if (!metadata.emplace(entry.substr(0, equals), entry.substr(equals + 1)).second) {
      throw CLI::ValidationError("--metadata", absl::StrCat("the key '", entry.substr(0, equals), "' is given twice"));
    }
  }
  return metadata;
}

absl::Duration ParseTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() || timeout > absl::Hours(24)) {
    throw CLI::ValidationError("--timeout", absl::StrCat("'", text, "' is not a duration such as 10s, 500ms or 1m30s"));
  }
  return timeout;
}

void CheckServer(const std::string& server) {
  if (absl::StartsWith(server, "unix:") && server.size() > 5) return;
  const auto colon = server.rfind(':');
  int port = 0;
  const bool bare_v6 = absl::StrContains(server, "::") && !absl::StartsWith(server, "[");
  if (colon == std::string::npos || colon == 0 || bare_v6 || !absl::SimpleAtoi(server.substr(colon + 1), &port) ||
      port < 1 || port > 65535) {
    throw CLI::ValidationError("--server", absl::StrCat("'", server, "' is not HOST:PORT, such as ", kDefaultServer));
  }
}

bool IsLoopback(std::string_view server) {
  return absl::StartsWith(server, "127.") || absl::StartsWith(server, "localhost:") ||
         absl::StartsWith(server, "[::1]:") || absl::StartsWith(server, "unix:");
}

}  // namespace muster::ctl

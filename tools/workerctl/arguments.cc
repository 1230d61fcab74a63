#include "workerctl/arguments.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::ctl {
namespace {

absl::Duration ParsePositive(const char* option, const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration <= absl::ZeroDuration() ||
      duration > absl::Hours(24)) {
    throw CLI::ValidationError(option,
                               absl::StrCat("'", text, "' is not a duration such as 10s, 500ms or 1m30s"));
  }
  return duration;
}

}  // namespace

std::map<std::string, std::string> ParseMetadata(const std::vector<std::string>& entries) {
  std::map<std::string, std::string> metadata;
  for (const std::string& entry : entries) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CLI::ValidationError("--metadata", absl::StrCat("'", entry, "' is not of the form key=value"));
    }
    if (!metadata.emplace(entry.substr(0, equals), entry.substr(equals + 1)).second) {
      throw CLI::ValidationError("--metadata",
                                 absl::StrCat("the key '", entry.substr(0, equals), "' is given twice"));
    }
  }
  return metadata;
}

absl::Duration ParseTimeout(const std::string& text) {
  return ParsePositive("--timeout", text);
}

absl::Duration ParseInterval(const std::string& text) {
  return ParsePositive("--every", text);
}

CLI::Validator AtLeastOne() {
  return CLI::Validator(
      [](const std::string& text) {
        std::int64_t count = 0;
        return absl::SimpleAtoi(text, &count) && count >= 1
                   ? std::string()
                   : absl::StrCat("'", text, "' is not a number of 1 or more");
      },
      "");
}

void CheckServer(const std::string& server) {
  if (absl::StartsWith(server, "unix:") && server.size() > 5) return;
  const auto colon = server.rfind(':');
  int port = 0;
  const bool bare_v6 = absl::StrContains(server, "::") && !absl::StartsWith(server, "[");
  if (colon == std::string::npos || colon == 0 || bare_v6 ||
      !absl::SimpleAtoi(server.substr(colon + 1), &port) || port < 1 || port > 65535) {
    throw CLI::ValidationError("--server",
                               absl::StrCat("'", server, "' is not HOST:PORT, such as ", kDefaultServer));
  }
}

bool IsLoopback(std::string_view server) {
  return server.starts_with("127.") || server.starts_with("localhost:") || server.starts_with("[::1]:") ||
         server.starts_with("unix:");
}

}  // namespace muster::ctl

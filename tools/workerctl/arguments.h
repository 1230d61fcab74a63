// What people type, checked before anything is sent. Each answers with the value or throws
// CLI::ValidationError, which the command line reports as wrong usage.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace muster::ctl {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";
inline constexpr std::int64_t kPageSize = 1000;  // the most that the contract allows

/// "k=v" entries; the value may be empty and may hold further '='. A key given twice is an error.
std::map<std::string, std::string> ParseMetadata(const std::vector<std::string>& entries);

/// "10s", "1m30s", "500ms": more than zero.
absl::Duration ParseTimeout(const std::string& text);
absl::Duration ParseInterval(const std::string& text);

/// For a count of things to show.
CLI::Validator AtLeastOne();

/// "HOST:PORT", "[::1]:50051", "unix:/path".
void CheckServer(const std::string& server);

/// True for the names and addresses of this machine's loopback, and for unix sockets.
bool IsLoopback(std::string_view server);

}  // namespace muster::ctl

// The config file: TOML or INI, as CLI11 reads them, one `name = value` for each setting.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace muster::daemon {

/// Name to value. An error names the file, and the line's setting where there is one.
absl::StatusOr<std::map<std::string, std::string>> ReadConfigFile(const std::string& path);

}  // namespace muster::daemon

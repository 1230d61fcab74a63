// The table of all settings of musterd: the name, the help, how a value is read and written. The command
// line, the environment, the config file, --check-config and the reload all use this table.
#pragma once

#include <optional>
#include <string>

#include "absl/types/span.h"
#include "daemon/config.h"

namespace muster::daemon {

struct Flag {
  std::string name;   // "grpc-listen": --grpc-listen, MUSTERD_GRPC_LISTEN, grpc-listen = … in the file
  std::string group;  // its heading in --help
  std::string placeholder;  // "HOST:PORT"
  std::string help;
  bool reloadable = false;  // takes effect at SIGHUP
  /// Sets the value and returns nothing, or returns what is wrong with the text.
  std::optional<std::string> (*set)(Config& config, const std::string& text);
  /// The value as text that `set` can read.
  std::string (*get)(const Config& config);
};

/// In the order of --help.
absl::Span<const Flag> Flags();

/// "MUSTERD_GRPC_LISTEN".
std::string EnvironmentName(const Flag& flag);

}  // namespace muster::daemon

// Every setting of musterd, once: its name, its help, how it is read and written. The command line, the
// environment, the config file, --check-config and the reload all go by this table.
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
  /// Returns what is wrong with the text, or nothing and the value is set.
  std::optional<std::string> (*set)(Config& config, const std::string& text);
  /// As `set` reads it.
  std::string (*get)(const Config& config);
};

/// In the order of --help.
absl::Span<const Flag> Flags();

/// "MUSTERD_GRPC_LISTEN".
std::string EnvironmentName(const Flag& flag);

}  // namespace muster::daemon

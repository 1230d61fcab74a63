// Where the configuration comes from: the command line, the environment and the config file, as text.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::daemon {

// The exit codes of the process, as --help lists them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitDisk =
    3;  // the disk under the store failed: the next start brings all of it to the disk

/// The process must end at once: --help, --version, --check-config, or a mistake.
struct EndNow {
  int exit_code = kExitOk;
  std::string text;  // what was asked for, or what is wrong
};

/// What the process was started with. Kept for the reload.
struct Sources {
  std::vector<std::string> arguments;  // without the program's name
  /// The value of an environment variable, if it is set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// The flags of the command line, as they were written.
struct CommandLine {
  std::map<std::string, std::string> values;
  std::string config_path;
  bool check_config = false;
};

std::variant<CommandLine, EndNow> ReadCommandLine(const std::vector<std::string>& arguments);

/// The settings in a config file, name to value. The file is TOML or INI, as CLI11 reads them, with one
/// `name = value` for each setting. An error names the file, and the setting if there is one.
absl::StatusOr<std::map<std::string, std::string>> ReadConfigFile(const std::string& path);

}  // namespace muster::daemon

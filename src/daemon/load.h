// The configuration from its three sources: a flag beats the environment, which beats the config file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/config.h"

namespace muster::daemon {

// How the process ends; --help tells them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitUsage = 2;

/// What the process was started with; kept for the reload.
struct Sources {
  std::vector<std::string> arguments;  // without the program's name
  /// The value of a variable of the environment, if it is set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

struct Loaded {
  Config config;
  /// Flags that are not at their default, and where the value comes from: "--store", "MUSTERD_STORE", a
  /// file's path.
  std::map<std::string, std::string> origins;
};

/// The process is to end at once: --help, --version, --check-config, or a mistake.
struct EndNow {
  int exit_code = kExitOk;
  std::string text;  // what was asked for, or what is wrong
};

/// Reads and validates everything. Reads the config file, and nothing else.
std::variant<Loaded, EndNow> Load(const Sources& sources);

/// All settings as a config file, with where they come from, but for passwords.
std::string Describe(const Loaded& loaded);

}  // namespace muster::daemon

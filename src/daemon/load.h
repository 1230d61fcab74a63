// The configuration from its three sources: a flag beats the environment, which beats the config file. Read
// at the start, and again at SIGHUP.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "daemon/config.h"
#include "daemon/sources.h"

namespace muster::daemon {

struct Loaded {
  Config config;
  /// The flags that do not have their default, and where the value comes from: "--store", "MUSTERD_STORE", a
  /// file's path.
  std::map<std::string, std::string> origins;
};

/// Reads and validates everything. Reads the config file, and no other file.
std::variant<Loaded, EndNow> Load(const Sources& sources);

/// All settings as a config file, with their origins and without passwords.
std::string Describe(const Loaded& loaded);

/// What SIGHUP changes. Decided here; the daemon carries it out.
struct Reload {
  Config next;                            // the running configuration, with the new reloadable values
  std::vector<std::string> changes;       // "heartbeat-timeout: 2m -> 3m"
  std::vector<std::string> need_restart;  // the same, for values that stay as they are until a restart
  std::vector<std::string> partly;        // the parts of `changes` that wait for a restart, in words
};

/// Precondition: both are valid.
Reload PlanReload(const Config& running, const Config& loaded);

}  // namespace muster::daemon

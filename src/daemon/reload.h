// What SIGHUP changes: decided here, done by the daemon.
#pragma once

#include <string>
#include <vector>

#include "daemon/config.h"

namespace muster::daemon {

struct Reload {
  Config next;                            // the running configuration with what may change taken over
  std::vector<std::string> changes;       // "heartbeat-timeout: 2m -> 3m"
  std::vector<std::string> need_restart;  // the same, for what stays as it is until a restart
  std::vector<std::string> partly;        // of the changes: what of them waits for a restart, for people
};

/// Precondition: both are valid.
Reload PlanReload(const Config& running, const Config& loaded);

}  // namespace muster::daemon

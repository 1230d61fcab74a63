#include "daemon/reload.h"

#include "absl/strings/str_cat.h"
#include "daemon/flags.h"
#include "daemon/redact.h"

namespace muster::daemon {

Reload PlanReload(const Config& running, const Config& loaded) {
  Reload reload{running, {}, {}, {}};
  for (const Flag& flag : Flags()) {
    const std::string before = flag.get(running);
    const std::string after = flag.get(loaded);
    if (before == after) continue;
    const std::string change =
        absl::StrCat(flag.name, ": ", WithoutPassword(before), " -> ", WithoutPassword(after));
    if (flag.reloadable) {
      reload.changes.push_back(change);
    } else {
      reload.need_restart.push_back(change);
    }
  }
  // gRPC takes the pace of its probes when a server is built, and never again.
  if (running.settings.heartbeat_timeout != loaded.settings.heartbeat_timeout) {
    reload.partly.push_back("heartbeat-timeout: how soon a gRPC connection that died is noticed");
  }
  reload.next.settings = loaded.settings;
  reload.next.log_format = loaded.log_format;
  reload.next.log_level = loaded.log_level;
  return reload;
}

}  // namespace muster::daemon

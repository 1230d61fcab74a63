#include "daemon/reload.h"

#include "absl/strings/str_cat.h"
#include "daemon/flags.h"
#include "daemon/redact.h"

namespace muster::daemon {

Reload PlanReload(const Config& running, const Config& loaded) {
  Reload reload{running, {}, {}};
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
  reload.next.settings = loaded.settings;
  reload.next.log_format = loaded.log_format;
  reload.next.log_level = loaded.log_level;
  return reload;
}

}  // namespace muster::daemon

// The settings that should be the same on all daemons of a roll, as each of them records its own, and in what
// they differ. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "muster/settings.h"
#include "store/store.h"

namespace muster::postgres {

/// A JSON object: the names of the daemon's flags, and what they are set to, for people.
std::string SettingsRecord(const Settings& settings, const StoreOptions& options);

struct DaemonSettings {
  std::string holder;  // for people
  std::string record;  // empty: it does not say, being of before these were recorded
};

/// One line for each setting that differs: "heartbeat-timeout: 2m at musterd a:1, 20s at musterd b:1". A
/// setting that a daemon does not record is not compared.
std::vector<std::string> DifferingSettings(const std::vector<DaemonSettings>& daemons);

}  // namespace muster::postgres

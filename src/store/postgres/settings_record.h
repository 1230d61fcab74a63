// The settings that should be the same on all daemons of a roll: each daemon records its own, and can see in
// what they differ. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "muster/settings.h"
#include "store/store.h"

namespace muster::postgres {

/// A JSON object: the names of the flags of the daemon, and their values, for people.
std::string SettingsRecord(const Settings& settings, const StoreOptions& options);

struct DaemonSettings {
  std::string holder;  // for people
  std::string record;  // empty: its version does not record settings
};

/// The longest heartbeat timeout that is recorded; zero if there is none.
absl::Duration LongestTimeout(const std::vector<DaemonSettings>& daemons);

/// One line for each setting that differs: "heartbeat-timeout: 2m at musterd a:1, 20s at musterd b:1". A
/// setting that a daemon does not record is not compared.
std::vector<std::string> DifferingSettings(const std::vector<DaemonSettings>& daemons);

}  // namespace muster::postgres

#include "store/postgres/settings_record.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace muster::postgres {
namespace {

// Of the daemons with the same value, at most this many are named.
constexpr std::size_t kMaxNamed = 4;
constexpr char kTimeout[] = "heartbeat-timeout";

std::string Holders(std::vector<std::string> holders) {
  std::sort(holders.begin(), holders.end());
  const std::size_t more = holders.size() - std::min(holders.size(), kMaxNamed);
  holders.resize(holders.size() - more);
  return absl::StrCat(absl::StrJoin(holders, " and "), more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

}  // namespace

std::string SettingsRecord(const Settings& settings, const StoreOptions& options) {
  return nlohmann::json{
      {kTimeout, absl::FormatDuration(settings.heartbeat_timeout)},
      {"activation-interval", absl::FormatDuration(settings.activation_interval)},
      {"stale-interval", absl::FormatDuration(settings.stale_interval)},
      {"reactivation-interval", absl::FormatDuration(settings.reactivation_interval)},
      {"min-heartbeat-interval",
       settings.min_heartbeat_interval ? absl::FormatDuration(*settings.min_heartbeat_interval) : "default"},
      {"max-heartbeats-per-second", absl::StrCat(settings.max_heartbeats_per_second)},
      {"guard-share", absl::StrCat(settings.guard_share)},
      {"guard-min-workers", absl::StrCat(settings.guard_min_workers)},
      {"history", absl::StrCat(options.history)},
      {"max-events", absl::StrCat(options.max_events)},
  }
      .dump();
}

absl::Duration LongestTimeout(const std::vector<DaemonSettings>& daemons) {
  absl::Duration longest;
  for (const DaemonSettings& daemon : daemons) {
    const nlohmann::json record = nlohmann::json::parse(daemon.record, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object()) continue;
    const auto found = record.find(kTimeout);
    absl::Duration timeout;
    if (found == record.end() || !found->is_string()) continue;
    if (absl::ParseDuration(found->get<std::string>(), &timeout)) longest = std::max(longest, timeout);
  }
  return longest;
}

std::vector<std::string> DifferingSettings(const std::vector<DaemonSettings>& daemons) {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> holders;  // by setting, by value
  for (const DaemonSettings& daemon : daemons) {
    const nlohmann::json record = nlohmann::json::parse(daemon.record, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object()) continue;
    for (const auto& [name, value] : record.items()) {
      if (value.is_string()) holders[name][value.get<std::string>()].push_back(daemon.holder);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [name, values] : holders) {
    if (values.size() < 2) continue;
    std::vector<std::string> parts;
    for (const auto& [value, at] : values) parts.push_back(absl::StrCat(value, " at ", Holders(at)));
    lines.push_back(absl::StrCat(name, ": ", absl::StrJoin(parts, ", ")));
  }
  return lines;
}

}  // namespace muster::postgres

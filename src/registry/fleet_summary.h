// The fleet and its register in numbers: added up in one place for all interfaces.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "muster/queries.h"
#include "muster/registry.h"
#include "registry/daemon_health.h"

namespace muster {

/// As of about one moment. A plain value.
struct FleetSummary {
  std::int64_t workers = 0;
  StatusCounts by_status = {};
  std::vector<RegionTotals> by_region;  // ordered by region
  RegistryStatus registry;
  absl::Duration heartbeat_timeout;
  absl::Duration advised_interval;  // before jitter
  bool pacing_saturated = false;
  std::int64_t last_event_cursor = 0;  // 0: there is none
  DaemonHealth health;
};

/// StoreUnavailable.
Result<FleetSummary> SumUpFleet(const ScanReads& reads, const Registry& registry);

/// How much listening time the guard's hold on a region still lasts; nothing if the region is not held.
std::optional<absl::Duration> HeldFor(const RegionTotals& region, ListeningTime now);

}  // namespace muster

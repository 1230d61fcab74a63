#include "registry/fleet_summary.h"

#include <utility>

#include "muster/commands.h"
#include "store/store.h"

namespace muster {

Result<FleetSummary> SumUpFleet(const ScanReads& reads, const Registry& registry) {
  FleetSummary summary;
  summary.registry = registry.Status();
  Result<std::vector<RegionTotals>> regions = CountWorkers(reads);
  if (!regions.ok()) return regions.error();
  const Result<std::int64_t> last_cursor = reads.LastCursor();
  if (!last_cursor.ok()) return last_cursor.error();

  for (const RegionTotals& region : *regions) {
    for (const WorkerStatus each : kAllStatuses) {
      summary.by_status[static_cast<int>(each)] += region.by_status[static_cast<int>(each)];
      summary.workers += region.by_status[static_cast<int>(each)];
    }
  }
  summary.by_region = *std::move(regions);
  const auto settings = registry.settings();
  summary.heartbeat_timeout = settings->heartbeat_timeout;
  summary.advised_interval = AdvisedInterval(summary.workers, *settings);
  summary.pacing_saturated = PacingSaturated(summary.workers, *settings);
  summary.last_event_cursor = *last_cursor;
  summary.health = HealthOfDaemon();
  return summary;
}

std::optional<absl::Duration> HeldFor(const RegionTotals& region, ListeningTime now) {
  if (!region.held || region.held_until <= now) return std::nullopt;
  return region.held_until - now;
}

}  // namespace muster

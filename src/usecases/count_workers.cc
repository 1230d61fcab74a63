// The fleet in numbers, with the guard's holds.
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "muster/queries.h"
#include "store/store.h"

namespace muster {

Result<std::vector<RegionTotals>> CountWorkers(const ScanReads& reads) {
  Result<std::vector<RegionTotals>> totals = reads.Totals();
  if (!totals.ok()) return totals;
  const Result<std::vector<RegionHold>> holds = reads.Holds();
  if (!holds.ok()) return holds.error();
  absl::flat_hash_map<std::string, ListeningTime> held_until;
  for (const RegionHold& hold : *holds) held_until.emplace(hold.region, hold.until);
  for (RegionTotals& region : *totals) {
    const auto hold = held_until.find(region.region);
    region.held = hold != held_until.end();
    region.held_until = region.held ? hold->second : ListeningTime();
  }
  return totals;
}

}  // namespace muster

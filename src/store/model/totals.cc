#include "store/model/totals.h"

#include <algorithm>
#include <cstddef>

namespace muster {

void CountWorker(const Worker& worker, const std::optional<std::int32_t>& in_use, int sign,
                 RegionTotals& totals) {
  totals.by_status[static_cast<std::size_t>(worker.status)] += sign;
  if (worker.status != WorkerStatus::kActive) return;
  const std::int64_t capacity = worker.config.capacity;
  const std::int64_t used = in_use.value_or(0);
  totals.capacity += sign * capacity;
  totals.in_use += sign * used;
  totals.free_capacity += sign * std::max<std::int64_t>(capacity - used, 0);
}

std::int64_t WorkersIn(const RegionTotals& totals) {
  std::int64_t workers = 0;
  for (const WorkerStatus status : kAllStatuses)
    workers += totals.by_status[static_cast<std::size_t>(status)];
  return workers;
}

}  // namespace muster

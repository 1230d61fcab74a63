// How one worker counts in its region's totals: the one place that knows.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/queries.h"
#include "muster/worker.h"

namespace muster {

/// Adds (sign 1) or takes away (sign -1) one worker.
void CountWorker(const Worker& worker, const std::optional<std::int32_t>& in_use, int sign,
                 RegionTotals& totals);

/// How many workers the totals count.
std::int64_t WorkersIn(const RegionTotals& totals);

}  // namespace muster

// How often workers are asked to send heartbeats.
#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "muster/commands.h"
#include "muster/settings.h"

namespace muster {
namespace {

// The interval at which a fleet sends exactly as many heartbeats as it may.
absl::Duration IntervalAtMaxRate(std::int64_t fleet, const Settings& settings) {
  return absl::Seconds(static_cast<double>(std::max<std::int64_t>(fleet, 0)) /
                       settings.max_heartbeats_per_second);
}

}  // namespace

absl::Duration AdvisedInterval(std::int64_t fleet, const Settings& settings) {
  const absl::Duration wanted = std::max(settings.EffectiveMinInterval(), IntervalAtMaxRate(fleet, settings));
  return std::min(wanted, settings.MaxInterval());
}

bool PacingSaturated(std::int64_t fleet, const Settings& settings) {
  return IntervalAtMaxRate(fleet, settings) > settings.MaxInterval();
}

absl::Duration WithJitter(absl::Duration interval, std::uint64_t random, const Settings& settings) {
  const double share = static_cast<double>(random >> 11) * 0x1p-53;  // [0, 1), as precise as a double
  return std::min(interval * (0.9 + 0.2 * share), settings.MaxInterval());
}

}  // namespace muster

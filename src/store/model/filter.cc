#include "store/model/filter.h"

#include <algorithm>

namespace muster {

StatusMask StatusesOf(const WorkerFilter& filter) {
  if (filter.statuses.empty()) return kAnyStatus;
  StatusMask mask = 0;
  for (const WorkerStatus status : filter.statuses) mask = static_cast<StatusMask>(mask | MaskOf(status));
  return mask;
}

bool Matches(const WorkerFilter& filter, StatusMask statuses, const Worker& worker) {
  if ((statuses & MaskOf(worker.status)) == 0) return false;
  const WorkerConfig& config = worker.config;
  if (!filter.region.empty() && filter.region != config.region) return false;
  if (!filter.capability.empty() &&
      !std::binary_search(config.capabilities.begin(), config.capabilities.end(), filter.capability)) {
    return false;
  }
  return std::all_of(filter.metadata.begin(), filter.metadata.end(), [&config](const auto& wanted) {
    const auto found = config.metadata.find(wanted.first);
    return found != config.metadata.end() && found->second == wanted.second;
  });
}

}  // namespace muster

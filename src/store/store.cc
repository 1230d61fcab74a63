// What stores have in common.
#include "store/store.h"

#include <variant>

namespace muster {

Result<std::vector<std::vector<HeartbeatRecord>>> ScanReads::RecentHeartbeats(
    std::span<const WorkerView> workers, int limit) const {
  std::vector<std::vector<HeartbeatRecord>> recent(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (workers[i].pulse.total == 0) continue;
    Result<std::vector<HeartbeatRecord>> found =
        Heartbeats(workers[i].worker->id, std::numeric_limits<std::int64_t>::max(), limit);
    if (found.ok()) {
      recent[i] = *std::move(found);
    } else if (!std::holds_alternative<WorkerNotFound>(found.error())) {
      return found.error();
    }
  }
  return recent;
}

std::string NewTokenKey(Random& random) {
  std::string key(32, '\0');
  random.Fill(key);
  return key;
}

}  // namespace muster

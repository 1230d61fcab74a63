#include "roll/heartbeat_summary.h"

#include <algorithm>
#include <variant>

#include "domain/liveness.h"

namespace muster {
namespace {

constexpr int kRecent = 10;

}  // namespace

Result<HeartbeatSummary> HeartbeatSummaries::Of(const WorkerView& worker) const {
  HeartbeatSummary summary;
  summary.total = worker.pulse.total;
  if (const auto silent = SilentFor(*worker.worker, worker.pulse, now_)) {
    // A heartbeat may be committed between the reading of the clock and of the worker.
    summary.silent_for = std::max(*silent, absl::ZeroDuration());
  }
  summary.fresh = Fresh(*worker.worker, worker.pulse, now_, timeout_);
  if (worker.pulse.total == 0) return summary;

  const Result<HeartbeatPage> recent = ListHeartbeats(tx_, worker.worker->id, {kRecent, ""});
  if (!recent.ok()) {
    if (std::holds_alternative<WorkerNotFound>(recent.error())) return summary;
    return recent.error();
  }
  for (const HeartbeatRecord& record : recent->heartbeats) summary.recent.push_back(record.at);
  return summary;
}

}  // namespace muster

#include "rpc/heartbeat_summary.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "domain/liveness.h"
#include "rpc/convert.h"

namespace muster::rpc {

inline constexpr int kRecent = 10;

Outcome HeartbeatSummaries::Add(const WorkerView& worker, v1::Worker& out) const {
  v1::HeartbeatSummary& summary = *out.mutable_heartbeats();
  summary.set_total(worker.pulse.total);
  if (const auto silent = SilentFor(*worker.worker, worker.pulse, now_)) {
    // A heartbeat may be committed between the reading of the clock and of the worker.
    ToProto(std::max(*silent, absl::ZeroDuration()), *summary.mutable_silent_for());
  }
  summary.set_fresh(Fresh(*worker.worker, worker.pulse, now_, timeout_));
  if (worker.pulse.total == 0) return Ok();

  const Result<HeartbeatPage> recent = ListHeartbeats(tx_, worker.worker->id, {kRecent, ""});
  if (!recent.ok()) {
    if (std::holds_alternative<WorkerNotFound>(recent.error())) return Ok();
    return recent.error();
  }
  for (const HeartbeatRecord& record : recent->heartbeats) ToProto(record.at, *summary.add_recent());
  return Ok();
}

}  // namespace muster::rpc

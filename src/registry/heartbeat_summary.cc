#include "registry/heartbeat_summary.h"

#include <algorithm>
#include <utility>

#include "domain/liveness.h"
#include "store/store.h"

namespace muster {
namespace {

constexpr int kRecent = 10;

}  // namespace

HeartbeatSummary HeartbeatSummaries::WithoutRecent(const WorkerView& worker) const {
  HeartbeatSummary summary;
  summary.total = worker.pulse.total;
  if (const auto silent = SilentFor(*worker.worker, worker.pulse, now_)) {
    // A heartbeat may be committed after the clock was read and before the worker was.
    summary.silent_for = std::max(*silent, absl::ZeroDuration());
  }
  summary.fresh = Fresh(*worker.worker, worker.pulse, now_, timeouts_);
  return summary;
}

Result<std::vector<HeartbeatSummary>> HeartbeatSummaries::Of(std::span<const WorkerView> workers) const {
  const auto recent = reads_.RecentHeartbeats(workers, kRecent);
  if (!recent.ok()) return recent.error();
  std::vector<HeartbeatSummary> summaries;
  summaries.reserve(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    HeartbeatSummary& summary = summaries.emplace_back(WithoutRecent(workers[i]));
    for (const HeartbeatRecord& record : (*recent)[i]) summary.recent.push_back(record.at);
  }
  return summaries;
}

Result<WorkerWithHeartbeats> GetWorkerWithHeartbeats(const ScanReads& reads, const Registry& registry,
                                                     std::string_view worker_id) {
  Result<WorkerView> worker = GetWorker(reads, worker_id);
  if (!worker.ok()) return worker.error();
  Result<std::vector<HeartbeatSummary>> summary =
      HeartbeatSummaries(reads, registry).Of(std::span(&*worker, 1));
  if (!summary.ok()) return summary.error();
  return WorkerWithHeartbeats{*std::move(worker), std::move(summary->front())};
}

}  // namespace muster

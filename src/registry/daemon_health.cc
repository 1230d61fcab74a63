#include "registry/daemon_health.h"

#include "runtime/health_metrics.h"

namespace muster {

DaemonHealth HealthOfDaemon() {
  using Labels = absl::Span<const MetricLabel>;
  DaemonHealth health;
  blind_time.VisitSeries([&](Labels labels, std::int64_t time) {
    if (time != 0) health.blind.push_back({labels[0].value, absl::Nanoseconds(time)});
  });
  health.probe_latency = probe_latency_last.time();
  health.worst_probe_latency = probe_latency_worst.time();
  connections_open.VisitSeries([&](Labels labels, std::int64_t count) {
    if (count != 0) health.open_connections.push_back({labels[0].value, count});
  });
  connections_refused.VisitSeries([&](Labels labels, std::int64_t count) {
    if (count != 0) health.refused_connections.push_back({labels[0].value, labels[1].value, count});
  });
  health.database_log_bytes = database_log_bytes.value();
  health.failed_batches = batches_not_committed.value(BatchFailure::kFailed);
  health.in_doubt_batches = batches_not_committed.value(BatchFailure::kInDoubt);
  log_lines_lost.VisitSeries([&](Labels labels, std::int64_t lines) {  // of each level: one after the other
    if (lines == 0) return;
    auto& lost = health.lost_log_lines;
    if (lost.empty() || lost.back().cause != labels[0].value) lost.push_back({labels[0].value, 0});
    lost.back().lines += lines;
  });
  return health;
}

}  // namespace muster

#include "rpc/summary.h"

#include "rpc/convert.h"

namespace muster::rpc {
namespace {

using StatusList = google::protobuf::RepeatedPtrField<v1::StatusCount>;

/// One for each status, in the order of the enum.
void Fill(const StatusCounts& counts, StatusList& out) {
  for (const WorkerStatus status : kAllStatuses) {
    v1::StatusCount& count = *out.Add();
    count.set_status(ToProto(status));
    count.set_workers(counts[static_cast<int>(status)]);
  }
}

void Fill(const RegionTotals& totals, ListeningTime now, v1::RegionSummary& out) {
  out.set_region(totals.region);
  Fill(totals.by_status, *out.mutable_by_status());
  out.set_capacity(totals.capacity);
  out.set_in_use(totals.in_use);
  out.set_free_capacity(totals.free_capacity);
  if (const auto held = HeldFor(totals, now)) {
    out.set_held(true);
    ToProto(*held, *out.mutable_held_for());
  }
}

void Fill(const RegistryStatus& status, v1::GetFleetSummaryResponse& out) {
  out.set_heartbeats_per_second(status.heartbeats_per_second);
  out.set_heartbeats_recorded(status.heartbeats_recorded);
  out.mutable_listening()->set_listening(status.listening);
  out.mutable_listening()->set_reason(status.not_listening_because);
  ToProto(status.clock - ListeningTime(), *out.mutable_listening()->mutable_clock());
  out.mutable_detection()->set_offline_detected(status.offline_detected);
  out.mutable_detection()->set_false_offlines(status.false_offlines);
  out.mutable_detection()->set_flaps(status.flaps);
  ToProto(status.worst_detection_latency, *out.mutable_detection()->mutable_worst_latency());
  ToProto(status.started_at, *out.mutable_started_at());
  out.set_leads(status.leads);
  out.set_job_failures(status.job_failures);
  for (const std::string& setting : status.differing_settings) out.add_differing_settings(setting);
}

}  // namespace

void ToProto(const FleetSummary& summary, v1::GetFleetSummaryResponse& out) {
  out.set_workers(summary.workers);
  Fill(summary.by_status, *out.mutable_by_status());
  for (const RegionTotals& region : summary.by_region) Fill(region, summary.registry.clock, *out.add_by_region());
  Fill(summary.registry, out);
  ToProto(summary.heartbeat_timeout, *out.mutable_heartbeat_timeout());
  ToProto(summary.advised_interval, *out.mutable_advised_interval());
  out.set_pacing_saturated(summary.pacing_saturated);
  out.set_last_event_cursor(summary.last_event_cursor);
}

}  // namespace muster::rpc

#include "rpc/summary.h"

#include <string>
#include <vector>

#include "muster/commands.h"
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
  if (totals.held && totals.held_until > now) {
    out.set_held(true);
    ToProto(totals.held_until - now, *out.mutable_held_for());
  }
}

void Fill(const RollStatus& status, v1::GetFleetSummaryResponse& out) {
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
}

}  // namespace

Outcome FillSummary(const ReadTx& tx, const Roll& roll, v1::GetFleetSummaryResponse& out) {
  const RollStatus status = roll.Status();
  const Result<std::vector<RegionTotals>> regions = CountWorkers(tx);
  if (!regions.ok()) return regions.error();
  const Result<EventPage> newest = ListEvents(tx, {"", 0, /*newest_first=*/true}, {1, ""});
  if (!newest.ok()) return newest.error();

  StatusCounts fleet = {};
  std::int64_t workers = 0;
  for (const RegionTotals& region : *regions) {
    Fill(region, status.clock, *out.add_by_region());
    for (const WorkerStatus each : kAllStatuses) {
      fleet[static_cast<int>(each)] += region.by_status[static_cast<int>(each)];
      workers += region.by_status[static_cast<int>(each)];
    }
  }
  out.set_workers(workers);
  Fill(fleet, *out.mutable_by_status());
  Fill(status, out);

  const auto settings = roll.settings();
  ToProto(settings->heartbeat_timeout, *out.mutable_heartbeat_timeout());
  ToProto(AdvisedInterval(workers, *settings), *out.mutable_advised_interval());
  out.set_pacing_saturated(PacingSaturated(workers, *settings));
  if (!newest->events.empty()) out.set_last_event_cursor(newest->events.front().cursor);
  return Ok();
}

}  // namespace muster::rpc

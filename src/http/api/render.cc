#include "http/api/render.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::http {
namespace {

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json NameOrNull(const std::optional<WorkerStatus>& status) {
  return status ? Json(StatusName(*status)) : Json();
}

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json Counts(const StatusCounts& counts) {
  Json out = Json::object();
  for (const WorkerStatus status : kAllStatuses) {
    out[std::string(StatusName(status))] = counts[static_cast<int>(status)];
  }
  return out;
}

Json Health(const DaemonHealth& health) {
  Json blind = Json::array();
  for (const auto& each : health.blind) {
    blind.push_back({{"cause", each.cause}, {"duration", Render(each.duration)}});
  }
  Json open = Json::array();
  for (const auto& each : health.open_connections) {
    open.push_back({{"interface", each.interface}, {"connections", each.connections}});
  }
  Json refused = Json::array();
  for (const auto& each : health.refused_connections) {
    refused.push_back(
        {{"interface", each.interface}, {"cause", each.cause}, {"connections", each.connections}});
  }
  Json lost = Json::array();
  for (const auto& each : health.lost_log_lines) {
    lost.push_back({{"cause", each.cause}, {"lines", each.lines}});
  }
  return {{"blind", std::move(blind)},
          {"probeLatency", Render(health.probe_latency)},
          {"worstProbeLatency", Render(health.worst_probe_latency)},
          {"openConnections", std::move(open)},
          {"refusedConnections", std::move(refused)},
          {"databaseLogBytes", health.database_log_bytes},
          {"failedBatches", health.failed_batches},
          {"inDoubtBatches", health.in_doubt_batches},
          {"lostLogLines", std::move(lost)}};
}

Json Region(const RegionTotals& totals, ListeningTime now) {
  const auto held = HeldFor(totals, now);
  return {{"region", totals.region},
          {"byStatus", Counts(totals.by_status)},
          {"capacity", totals.capacity},
          {"inUse", totals.in_use},
          {"freeCapacity", totals.free_capacity},
          {"held", held.has_value()},
          {"heldFor", held ? Json(Render(*held)) : Json()}};
}

}  // namespace

// A page with heartbeat data contains ten thousand times and more. So this parses no format string for each.
std::string Render(absl::Time time) {
  const absl::TimeZone::CivilInfo civil = absl::UTCTimeZone().At(time);
  std::string text = "0000-00-00T00:00:00.000000Z";
  const auto put = [&text](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, std::clamp<std::int64_t>(civil.cs.year(), 0, 9999));
  put(7, civil.cs.month());
  put(10, civil.cs.day());
  put(13, civil.cs.hour());
  put(16, civil.cs.minute());
  put(19, civil.cs.second());
  put(26, absl::ToInt64Microseconds(civil.subsecond));
  return text;
}

std::string Render(absl::Duration duration) {
  const std::int64_t micros = absl::ToInt64Microseconds(duration);
  std::string text = absl::StrFormat("%s%d.%06d", micros < 0 ? "-" : "", std::abs(micros / 1'000'000),
                                     std::abs(micros % 1'000'000));
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

Json Render(const WorkerView& view) {
  const Worker& worker = *view.worker;
  Json metadata = Json::object();
  for (const auto& [key, value] : worker.config.metadata) metadata[key] = value;
  return {{"id", worker.id},
          {"region", worker.config.region},
          {"capacity", worker.config.capacity},
          {"capabilities", worker.config.capabilities},
          {"metadata", std::move(metadata)},
          {"status", StatusName(worker.status)},
          {"registeredAt", Render(worker.registered_at)},
          {"lastHeartbeatAt", view.pulse.total > 0 ? Json(Render(view.pulse.last_at)) : Json()},
          {"statusChangedAt", Render(worker.status_changed_at)},
          {"statusReason", worker.status_reason},
          {"revision", worker.revision},
          {"instanceId", worker.instance_id},
          {"inUse", OrNull(view.pulse.in_use)}};
}

Json Render(const HeartbeatSummary& summary) {
  Json recent = Json::array();
  for (const absl::Time at : summary.recent) recent.push_back(Render(at));
  return {{"total", summary.total},
          {"silentFor", summary.silent_for ? Json(Render(*summary.silent_for)) : Json()},
          {"fresh", summary.fresh},
          {"recent", std::move(recent)}};
}

Json Render(const HeartbeatRecord& record) {
  return {{"recordedAt", Render(record.at)}, {"ordinal", record.ordinal}};
}

Json Render(const Event& event) {
  return {{"cursor", event.cursor},
          {"type", EventTypeName(event.type)},
          {"occurredAt", Render(event.at)},
          {"workerId", TextOrNull(event.worker_id)},
          {"region", event.region},
          {"revision", event.revision},
          {"fromStatus", NameOrNull(event.from)},
          {"toStatus", NameOrNull(event.to)},
          {"reason", event.reason},
          {"actor", event.actor}};
}

Json Render(const SweepReport& report) {
  return {{"moved", report.moved}, {"workerIds", report.ids}, {"heldRegions", report.held_regions}};
}

Json Render(const FleetSummary& summary) {
  Json regions = Json::array();
  for (const RegionTotals& region : summary.by_region)
    regions.push_back(Region(region, summary.registry.clock));
  const RegistryStatus& registry = summary.registry;
  return {{"workers", summary.workers},
          {"byStatus", Counts(summary.by_status)},
          {"byRegion", std::move(regions)},
          {"heartbeatsPerSecond", registry.heartbeats_per_second},
          {"heartbeatsRecorded", registry.heartbeats_recorded},
          {"heartbeatTimeout", Render(summary.heartbeat_timeout)},
          {"advisedInterval", Render(summary.advised_interval)},
          {"pacingSaturated", summary.pacing_saturated},
          {"listening",
           {{"listening", registry.listening},
            {"reason", TextOrNull(registry.not_listening_because)},
            {"clock", Render(registry.clock - ListeningTime())}}},
          {"detection",
           {{"offlineDetected", registry.offline_detected},
            {"falseOfflines", registry.false_offlines},
            {"flaps", registry.flaps},
            {"worstLatency", Render(registry.worst_detection_latency)}}},
          {"lastEventCursor", summary.last_event_cursor},
          {"startedAt", Render(registry.started_at)},
          {"leads", registry.leads},
          {"jobFailures", registry.job_failures},
          {"differingSettings", registry.differing_settings},
          {"health", Health(summary.health)}};
}

}  // namespace muster::http

#include "rpc/convert.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

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

void Fill(const DaemonHealth& health, v1::DaemonHealth& out) {
  for (const auto& each : health.blind) {
    v1::BlindTime& blind = *out.add_blind();
    blind.set_cause(std::string(each.cause));
    ToProto(each.duration, *blind.mutable_duration());
  }
  ToProto(health.probe_latency, *out.mutable_probe_latency());
  ToProto(health.worst_probe_latency, *out.mutable_worst_probe_latency());
  for (const auto& each : health.open_connections) {
    v1::OpenConnections& open = *out.add_open_connections();
    open.set_interface(std::string(each.interface));
    open.set_connections(each.connections);
  }
  for (const auto& each : health.refused_connections) {
    v1::RefusedConnections& refused = *out.add_refused_connections();
    refused.set_interface(std::string(each.interface));
    refused.set_cause(std::string(each.cause));
    refused.set_connections(each.connections);
  }
  out.set_database_log_bytes(health.database_log_bytes);
  out.set_failed_batches(health.failed_batches);
  out.set_in_doubt_batches(health.in_doubt_batches);
  for (const auto& each : health.lost_log_lines) {
    v1::LostLogLines& lost = *out.add_lost_log_lines();
    lost.set_cause(std::string(each.cause));
    lost.set_lines(each.lines);
  }
}

std::optional<int> HexDigit(char c) {
  if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
  return absl::ascii_isdigit(static_cast<unsigned char>(c))
             ? c - '0'
             : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
}

/// "%5B" -> "[". A percent sign that begins no escape stays as it is.
std::string DecodeUrl(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = HexDigit(text[i + 1]);
      const std::optional<int> low = HexDigit(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

}  // namespace

void ToProto(absl::Time time, google::protobuf::Timestamp& out) {
  const std::int64_t micros = absl::ToUnixMicros(time);  // rounds towards the past
  std::int64_t seconds = micros / 1'000'000;
  if (micros % 1'000'000 < 0) --seconds;
  out.set_seconds(seconds);
  out.set_nanos(static_cast<std::int32_t>((micros - seconds * 1'000'000) * 1000));
}

void ToProto(absl::Duration duration, google::protobuf::Duration& out) {
  const std::int64_t micros = absl::ToInt64Microseconds(duration);
  out.set_seconds(micros / 1'000'000);
  // The same sign as the seconds, as protobuf requires.
  out.set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
}

v1::WorkerStatus ToProto(WorkerStatus status) {
  switch (status) {
    case WorkerStatus::kPending:
      return v1::WORKER_STATUS_PENDING;
    case WorkerStatus::kActive:
      return v1::WORKER_STATUS_ACTIVE;
    case WorkerStatus::kOffline:
      return v1::WORKER_STATUS_OFFLINE;
    case WorkerStatus::kFailed:
      return v1::WORKER_STATUS_FAILED;
  }
  return v1::WORKER_STATUS_UNSPECIFIED;
}

v1::EventType ToProto(EventType type) {
  switch (type) {
    case EventType::kRegistered:
      return v1::EVENT_TYPE_REGISTERED;
    case EventType::kReplaced:
      return v1::EVENT_TYPE_REPLACED;
    case EventType::kUnregistered:
      return v1::EVENT_TYPE_UNREGISTERED;
    case EventType::kStatusChanged:
      return v1::EVENT_TYPE_STATUS_CHANGED;
    case EventType::kRegionHeld:
      return v1::EVENT_TYPE_REGION_HELD;
    case EventType::kRegionReleased:
      return v1::EVENT_TYPE_REGION_RELEASED;
    case EventType::kCloneDetected:
      return v1::EVENT_TYPE_CLONE_DETECTED;
  }
  return v1::EVENT_TYPE_UNSPECIFIED;
}

void ToProto(const WorkerView& view, v1::Worker& out) {
  const Worker& worker = *view.worker;
  out.set_id(worker.id);
  out.set_region(worker.config.region);
  out.set_capacity(worker.config.capacity);
  for (const std::string& capability : worker.config.capabilities) out.add_capabilities(capability);
  for (const auto& [key, value] : worker.config.metadata) (*out.mutable_metadata())[key] = value;
  out.set_status(ToProto(worker.status));
  ToProto(worker.registered_at, *out.mutable_registered_at());
  if (view.pulse.total > 0) ToProto(view.pulse.last_at, *out.mutable_last_heartbeat_at());
  ToProto(worker.status_changed_at, *out.mutable_status_changed_at());
  out.set_status_reason(worker.status_reason);
  out.set_revision(worker.revision);
  out.set_instance_id(worker.instance_id);
  if (view.pulse.in_use) out.set_in_use(*view.pulse.in_use);
}

void ToProto(const HeartbeatSummary& summary, v1::HeartbeatSummary& out) {
  out.set_total(summary.total);
  if (summary.silent_for) ToProto(*summary.silent_for, *out.mutable_silent_for());
  out.set_fresh(summary.fresh);
  for (const absl::Time at : summary.recent) ToProto(at, *out.add_recent());
}

void ToProto(const Event& event, v1::Event& out) {
  out.set_cursor(event.cursor);
  out.set_type(ToProto(event.type));
  ToProto(event.at, *out.mutable_occurred_at());
  out.set_worker_id(event.worker_id);
  out.set_region(event.region);
  out.set_revision(event.revision);
  if (event.from) out.set_from_status(ToProto(*event.from));
  if (event.to) out.set_to_status(ToProto(*event.to));
  out.set_reason(event.reason);
  out.set_actor(event.actor);
}

void ToProto(const HeartbeatRecord& record, v1::HeartbeatRecord& out) {
  ToProto(record.at, *out.mutable_recorded_at());
  out.set_ordinal(record.ordinal);
}

void ToProto(const SweepReport& report, v1::JobResult& out) {
  out.set_moved(report.moved);
  for (const std::string& id : report.ids) out.add_worker_ids(id);
  for (const std::string& region : report.held_regions) out.add_held_regions(region);
}

void ToProto(const FleetSummary& summary, v1::GetFleetSummaryResponse& out) {
  out.set_workers(summary.workers);
  Fill(summary.by_status, *out.mutable_by_status());
  for (const RegionTotals& region : summary.by_region)
    Fill(region, summary.registry.clock, *out.add_by_region());
  Fill(summary.registry, out);
  Fill(summary.health, *out.mutable_health());
  ToProto(summary.heartbeat_timeout, *out.mutable_heartbeat_timeout());
  ToProto(summary.advised_interval, *out.mutable_advised_interval());
  out.set_pacing_saturated(summary.pacing_saturated);
  out.set_last_event_cursor(summary.last_event_cursor);
}

Result<std::optional<WorkerStatus>> StatusFromProto(v1::WorkerStatus status, std::string_view field) {
  using Answer = std::optional<WorkerStatus>;
  switch (status) {
    case v1::WORKER_STATUS_UNSPECIFIED:
      return Answer();
    case v1::WORKER_STATUS_PENDING:
      return Answer(WorkerStatus::kPending);
    case v1::WORKER_STATUS_ACTIVE:
      return Answer(WorkerStatus::kActive);
    case v1::WORKER_STATUS_OFFLINE:
      return Answer(WorkerStatus::kOffline);
    case v1::WORKER_STATUS_FAILED:
      return Answer(WorkerStatus::kFailed);
    default:
      return InvalidArgument{std::string(field),
                             absl::StrCat("no WorkerStatus has the number ", static_cast<int>(status))};
  }
}

Result<bool> WantsHeartbeats(v1::WorkerView view) {
  switch (view) {
    case v1::WORKER_VIEW_UNSPECIFIED:
    case v1::WORKER_VIEW_BASIC:
      return false;
    case v1::WORKER_VIEW_HEARTBEATS:
      return true;
    default:
      return InvalidArgument{"view", absl::StrCat("no WorkerView has the number ", static_cast<int>(view))};
  }
}

std::string AddressOfPeer(std::string_view peer) {
  constexpr std::string_view kScheme = "ipv4:";
  // A client of a unix socket may have given itself a name. Nobody has to believe it.
  if (peer.starts_with("unix")) return "unix:";
  if (peer.starts_with(kScheme) || peer.starts_with("ipv6:")) peer.remove_prefix(kScheme.size());
  return DecodeUrl(peer);
}

}  // namespace muster::rpc

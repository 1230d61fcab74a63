#include "rpc/convert.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace muster::rpc {

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
  out.set_nanos(
      static_cast<std::int32_t>(micros % 1'000'000 * 1000));  // the sign of seconds, as its rule asks
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

}  // namespace muster::rpc

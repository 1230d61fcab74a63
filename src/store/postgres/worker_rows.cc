#include "store/postgres/worker_rows.h"

#include <memory>
#include <optional>
#include <utility>

#include "store/postgres/connection.h"
#include "store/worker_json.h"

namespace muster::postgres {
namespace {

enum Column {
  kId,
  kRegion,
  kCapacity,
  kCapabilities,
  kMetadata,
  kStatus,
  kStatusReason,
  kStatusChangedAt,
  kRegisteredAt,
  kRegisteredAtListening,
  kRevision,
  kInstanceId,
  kRegisteredFrom,
  kPreviousInstanceId,
  kHeartbeatsBefore,
  kActivatedByHandAt,
  kCalledOfflineAt,
  kCloneReported,
  kHeartbeats,
  kLastHeartbeatAt,
  kHeardAt,
  kInUse,
};

std::optional<ListeningTime> Listening(std::optional<std::int64_t> micros) {
  if (!micros) return std::nullopt;
  return ListeningTime::FromMicros(*micros);
}

std::optional<std::int64_t> Micros(const std::optional<ListeningTime>& time) {
  if (!time) return std::nullopt;
  return time->micros();
}

Pulse ReadPulse(const Rows& rows, int row) {
  Pulse pulse;
  pulse.total = rows.Int64(row, kHeartbeats);
  if (pulse.total == 0) return Pulse();
  pulse.last_at = rows.OptionalTime(row, kLastHeartbeatAt).value_or(absl::UnixEpoch());
  pulse.heard_at = Listening(rows.OptionalInt64(row, kHeardAt)).value_or(ListeningTime());
  pulse.in_use = rows.OptionalInt32(row, kInUse);
  return pulse;
}

}  // namespace

WorkerStatus ReadStatus(const Rows& rows, int row, int column) {
  const std::string_view name = rows.Text(row, column);
  for (const WorkerStatus status : kAllStatuses) {
    if (StatusName(status) == name) return status;
  }
  rows.Reject(row, column);
  return WorkerStatus::kFailed;
}

WorkerView ReadWorker(const Rows& rows, int row) {
  auto worker = std::make_shared<Worker>();
  worker->id = rows.Text(row, kId);
  worker->config.region = rows.Text(row, kRegion);
  worker->config.capacity = rows.Int32(row, kCapacity);
  worker->config.capabilities = rows.TextArray(row, kCapabilities);
  std::optional<Metadata> metadata = ParseMetadata(rows.Json(row, kMetadata));
  if (metadata) {
    worker->config.metadata = *std::move(metadata);
  } else {
    rows.Reject(row, kMetadata);
  }
  worker->status = ReadStatus(rows, row, kStatus);
  worker->status_reason = rows.Text(row, kStatusReason);
  worker->status_changed_at = rows.Time(row, kStatusChangedAt);
  worker->registered_at = rows.Time(row, kRegisteredAt);
  worker->registered_at_listening = ListeningTime::FromMicros(rows.Int64(row, kRegisteredAtListening));
  worker->revision = rows.Int64(row, kRevision);
  worker->instance_id = rows.Text(row, kInstanceId);
  worker->registered_from = rows.Text(row, kRegisteredFrom);
  worker->previous_instance_id = rows.Text(row, kPreviousInstanceId);
  worker->heartbeats_before = rows.Int64(row, kHeartbeatsBefore);
  worker->activated_by_hand_at = Listening(rows.OptionalInt64(row, kActivatedByHandAt));
  worker->called_offline_at = Listening(rows.OptionalInt64(row, kCalledOfflineAt));
  worker->clone_reported = rows.Bool(row, kCloneReported);
  return WorkerView{std::move(worker), ReadPulse(rows, row), 0};
}

Reply<std::vector<WorkerView>> ReadWorkers(const Rows& rows) {
  std::vector<WorkerView> views;
  views.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) views.push_back(ReadWorker(rows, row));
  return Checked(rows, std::move(views));
}

void WorkerRows::Add(const Worker& worker) {
  ids_.Add(worker.id);
  regions_.Add(worker.config.region);
  capacities_.Add(worker.config.capacity);
  capabilities_.Add(TextList(worker.config.capabilities));
  metadata_.Add(MetadataJson(worker.config.metadata));
  statuses_.Add(StatusName(worker.status));
  status_reasons_.Add(worker.status_reason);
  status_changed_at_.Add(worker.status_changed_at);
  registered_at_.Add(worker.registered_at);
  registered_at_listening_.Add(worker.registered_at_listening.micros());
  revisions_.Add(worker.revision);
  instance_ids_.Add(worker.instance_id);
  registered_from_.Add(worker.registered_from);
  previous_instance_ids_.Add(worker.previous_instance_id);
  heartbeats_before_.Add(worker.heartbeats_before);
  activated_by_hand_at_.AddOptional(Micros(worker.activated_by_hand_at));
  called_offline_at_.AddOptional(Micros(worker.called_offline_at));
  clones_reported_.Add(worker.clone_reported);
}

Parameters WorkerRows::parameters() const {
  Parameters parameters;
  parameters.Array(ids_)
      .Array(regions_)
      .Array(capacities_)
      .Array(capabilities_)
      .Array(metadata_)
      .Array(statuses_)
      .Array(status_reasons_)
      .Array(status_changed_at_)
      .Array(registered_at_)
      .Array(registered_at_listening_)
      .Array(revisions_)
      .Array(instance_ids_)
      .Array(registered_from_)
      .Array(previous_instance_ids_)
      .Array(heartbeats_before_)
      .Array(activated_by_hand_at_)
      .Array(called_offline_at_)
      .Array(clones_reported_);
  return parameters;
}

const Sql kUpsertWorkers = {
    "upsert_workers",
    "INSERT INTO workers (id, region, capacity, capabilities, metadata, status, status_reason, "
    "status_changed_at, registered_at, registered_at_listening, revision, instance_id, registered_from, "
    "previous_instance_id, heartbeats_before, activated_by_hand_at, called_offline_at, clone_reported) "
    "SELECT id, region, capacity, capabilities::text[], metadata, status, status_reason, "
    "status_changed_at, registered_at, registered_at_listening, revision, instance_id, registered_from, "
    "previous_instance_id, heartbeats_before, activated_by_hand_at, called_offline_at, clone_reported "
    "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) "
    "AS r (id, region, capacity, capabilities, metadata, status, status_reason, status_changed_at, "
    "registered_at, registered_at_listening, revision, instance_id, registered_from, "
    "previous_instance_id, heartbeats_before, activated_by_hand_at, called_offline_at, clone_reported) "
    "ON CONFLICT (id) DO UPDATE SET region = excluded.region, capacity = excluded.capacity, "
    "capabilities = excluded.capabilities, metadata = excluded.metadata, status = excluded.status, "
    "status_reason = excluded.status_reason, status_changed_at = excluded.status_changed_at, "
    "registered_at = excluded.registered_at, registered_at_listening = excluded.registered_at_listening, "
    "revision = excluded.revision, instance_id = excluded.instance_id, "
    "registered_from = excluded.registered_from, previous_instance_id = excluded.previous_instance_id, "
    "heartbeats_before = excluded.heartbeats_before, "
    "activated_by_hand_at = excluded.activated_by_hand_at, "
    "called_offline_at = excluded.called_offline_at, clone_reported = excluded.clone_reported"};

}  // namespace muster::postgres

#include "store/sqlite/batch_writer.h"

#include <optional>
#include <string_view>
#include <utility>

#include "store/worker_json.h"

namespace muster::sqlite {
namespace {

std::int64_t Micros(absl::Time time) {
  return absl::ToUnixMicros(time);
}

std::optional<std::int64_t> Micros(const std::optional<ListeningTime>& time) {
  return time ? std::optional(time->micros()) : std::nullopt;
}

std::optional<std::int64_t> Number(const std::optional<WorkerStatus>& status) {
  return status ? std::optional(static_cast<std::int64_t>(*status)) : std::nullopt;
}

// Whether the row in `workers` stays as it is: most changes touch only the status.
bool SameRegistration(const Worker& a, const Worker& b) {
  return a.registered_at == b.registered_at && a.registered_at_listening == b.registered_at_listening &&
         a.heartbeats_before == b.heartbeats_before && a.instance_id == b.instance_id &&
         a.previous_instance_id == b.previous_instance_id && a.registered_from == b.registered_from &&
         a.config == b.config;
}

}  // namespace

absl::StatusOr<BatchWriter> BatchWriter::Prepare(Database& database) {
  BatchWriter writer(database);
  const std::pair<Statement*, std::string_view> statements[] = {
      {&writer.insert_worker_,
       "INSERT INTO workers (region, capacity, capabilities, metadata, instance_id, registered_from,"
       " previous_instance_id, registered_at, registered_at_listening, heartbeats_before, key, id)"
       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&writer.update_worker_,
       "UPDATE workers SET region = ?, capacity = ?, capabilities = ?, metadata = ?, instance_id = ?,"
       " registered_from = ?, previous_instance_id = ?, registered_at = ?, registered_at_listening = ?,"
       " heartbeats_before = ? WHERE key = ?"},
      {&writer.delete_worker_, "DELETE FROM workers WHERE key = ?"},  // its other rows go by cascade
      {&writer.insert_state_,
       "INSERT INTO worker_states (status, status_reason, status_changed_at, revision, activated_by_hand_at,"
       " called_offline_at, clone_reported, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
      {&writer.update_state_,
       "UPDATE worker_states SET status = ?, status_reason = ?, status_changed_at = ?, revision = ?,"
       " activated_by_hand_at = ?, called_offline_at = ?, clone_reported = ? WHERE key = ?"},
      {&writer.insert_event_,
       "INSERT INTO events (cursor, type, at, worker_id, region, revision, from_status, to_status, reason, "
       "actor)"
       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&writer.put_hold_,
       "INSERT INTO region_holds (region, until) VALUES (?, ?)"
       " ON CONFLICT (region) DO UPDATE SET until = excluded.until"},
      {&writer.drop_hold_, "DELETE FROM region_holds WHERE region = ?"},
      {&writer.insert_journal_,
       "INSERT INTO journal (seq, at, listening, beats, proven, allowance_credit, allowance_left, proven_at)"
       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
      {&writer.update_revision_, "UPDATE roll SET last_revision = ?"},
      {&writer.update_boot_, "UPDATE roll SET boot_id = ?"},
      {&writer.drop_timeouts_, "DELETE FROM timeouts"},
      {&writer.insert_timeout_, "INSERT INTO timeouts (number, timeout, replaced_at) VALUES (?, ?, ?)"},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<Statement> prepared = database.Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return writer;
}

absl::StatusOr<std::int64_t> BatchWriter::Write(StagedBatch& batch, const Model& model,
                                                std::int64_t first_seq, std::int64_t last_revision,
                                                const ProvenState& clock) {
  std::int64_t next_seq = first_seq;
  Transaction transaction(*database_);
  absl::Status status = transaction.Begin();
  for (const StagedChange& change : batch.changes) {
    if (status.ok()) status = WriteChange(change);
  }
  for (const Event& event : batch.events) {
    if (status.ok()) status = WriteEvent(event);
  }
  for (const auto& [region, until] : batch.holds) {
    if (!status.ok()) break;
    status = until ? put_hold_.Run(std::string_view(region), until->micros())
                   : drop_hold_.Run(std::string_view(region));
  }
  if (status.ok() && batch.timeouts) status = WriteTimeouts(*batch.timeouts);
  if (status.ok() && !batch.changes.empty()) status = update_revision_.Run(last_revision);
  if (status.ok()) status = WriteJournal(batch, model, clock, next_seq);
  const bool new_boot = clock.boot_id != boot_id_;
  if (status.ok() && new_boot) status = update_boot_.Run(std::string_view(clock.boot_id));
  if (status.ok()) status = transaction.Commit();
  if (!status.ok()) return status;
  if (new_boot) boot_id_ = clock.boot_id;
  return next_seq;
}

absl::Status BatchWriter::WriteChange(const StagedChange& change) {
  if (change.after == nullptr) {
    return change.before == nullptr ? absl::OkStatus() : delete_worker_.Run(change.key);
  }
  const Worker& worker = *change.after;
  const bool is_new = change.before == nullptr;
  if (is_new || !SameRegistration(*change.before, worker)) {
    const std::string capabilities = CapabilitiesJson(worker.config.capabilities);
    const std::string metadata = MetadataJson(worker.config.metadata);
    const auto run = [&](Statement& statement, const auto&... rest) {
      return statement.Run(std::string_view(worker.config.region), worker.config.capacity,
                           std::string_view(capabilities), std::string_view(metadata),
                           std::string_view(worker.instance_id), std::string_view(worker.registered_from),
                           std::string_view(worker.previous_instance_id), Micros(worker.registered_at),
                           worker.registered_at_listening.micros(), worker.heartbeats_before, rest...);
    };
    const absl::Status status = is_new ? run(insert_worker_, change.key, std::string_view(worker.id))
                                       : run(update_worker_, change.key);
    if (!status.ok()) return status;
  }
  return WriteState(is_new ? insert_state_ : update_state_, worker, change.key);
}

absl::Status BatchWriter::WriteState(Statement& statement, const Worker& worker, std::int64_t key) {
  return statement.Run(static_cast<std::int64_t>(worker.status), std::string_view(worker.status_reason),
                       Micros(worker.status_changed_at), worker.revision, Micros(worker.activated_by_hand_at),
                       Micros(worker.called_offline_at), worker.clone_reported, key);
}

absl::Status BatchWriter::WriteEvent(const Event& event) {
  const std::string_view id = event.worker_id;
  return insert_event_.Run(event.cursor, static_cast<std::int64_t>(event.type), Micros(event.at),
                           id.empty() ? std::nullopt : std::optional(id), std::string_view(event.region),
                           event.revision, Number(event.from), Number(event.to),
                           std::string_view(event.reason), std::string_view(event.actor));
}

absl::Status BatchWriter::WriteTimeouts(const RollTimeouts& timeouts) {
  std::int64_t number = 0;
  absl::Status status = drop_timeouts_.Run();
  for (const ToldTimeout& told : timeouts.told) {
    if (!status.ok()) return status;
    status =
        insert_timeout_.Run(++number, absl::ToInt64Microseconds(told.timeout), told.replaced_at.micros());
  }
  if (!status.ok()) return status;
  return insert_timeout_.Run(++number, absl::ToInt64Microseconds(timeouts.in_force), nullptr);
}

absl::Status BatchWriter::WriteJournal(StagedBatch& batch, const Model& model, const ProvenState& clock,
                                       std::int64_t& next_seq) {
  const auto insert = [&](std::optional<std::int64_t> wall, ListeningTime stamp) {
    return insert_journal_.Run(next_seq++, wall, stamp.micros(), Blob{encoder_.bytes()},
                               clock.proven.micros(), absl::ToInt64Microseconds(clock.credit),
                               absl::ToInt64Microseconds(clock.allowance_left),
                               absl::ToInt64Microseconds(clock.proven_at));
  };
  absl::Status status;
  const std::int64_t first_seq = next_seq;
  batch.VisitBeats([&](const Moment& at, std::span<const StagedBeat> beats) {
    if (!status.ok()) return;
    encoder_.Start(beats.size());
    for (const StagedBeat& beat : beats) encoder_.Add(batch.KeyOf(beat, model), beat.InUse());
    status = insert(Micros(at.wall), at.listening);
  });
  if (!status.ok() || next_seq > first_seq) return status;
  encoder_.Start(0);
  return insert(std::nullopt, clock.proven);
}

}  // namespace muster::sqlite

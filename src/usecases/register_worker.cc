// Register: a new worker, a safe retry, or a takeover.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "domain/fencing.h"
#include "domain/text.h"
#include "domain/transitions.h"
#include "domain/validation.h"
#include "muster/commands.h"
#include "store/store.h"
#include "usecases/staging.h"

namespace muster {
namespace {

FieldError Check(const RegisterWorkerCommand& command) {
  if (FieldError complaint = CheckWorkerId(command.worker_id)) return complaint;
  if (FieldError complaint = CheckConfig(command.config)) return complaint;
  if (command.instance_id.empty()) return std::nullopt;
  return CheckInstanceId(command.instance_id);
}

Worker NewRegistration(RegisterWorkerCommand&& command, WriteTx& tx, const Moment& now) {
  Worker worker;
  worker.id = std::move(command.worker_id);
  worker.config = std::move(command.config);
  worker.instance_id =
      command.instance_id.empty() ? std::move(command.generated_instance_id) : std::move(command.instance_id);
  worker.registered_from = std::move(command.peer);
  worker.registered_at = now.wall;
  worker.registered_at_listening = now.listening;
  worker.status_changed_at = now.wall;
  worker.revision = tx.NextRevision();
  return worker;
}

WorkerView StageNew(RegisterWorkerCommand&& command, WriteTx& tx, const Moment& now) {
  std::string actor = std::move(command.actor);
  Worker worker = NewRegistration(std::move(command), tx, now);
  worker.status_reason = "registered, not heard yet";
  WorkerView inserted = tx.Insert(std::move(worker));
  Event event = EventOf(EventType::kRegistered, *inserted.worker, now,
                        Concat({"registered by instance ", inserted.worker->instance_id}), std::move(actor));
  event.to = inserted.worker->status;
  tx.Append(std::move(event));
  return inserted;
}

WorkerView StageTakeover(RegisterWorkerCommand&& command, const WorkerView& view, WriteTx& tx,
                         const Moment& now) {
  const std::shared_ptr<const Worker> old = view.worker;
  std::string actor = std::move(command.actor);
  Worker worker = NewRegistration(std::move(command), tx, now);
  const bool same_process = worker.instance_id == old->instance_id;  // only its configuration changes
  const bool taken_back = TakenBack(*old, worker.instance_id);
  worker.status_reason = same_process
                             ? "registered anew, not heard since"
                             : Concat({"taken over from instance ", old->instance_id, ", not heard since"});
  worker.heartbeats_before = tx.HeartbeatsRecorded(view);
  worker.previous_instance_id = same_process ? old->previous_instance_id : old->instance_id;
  worker.clone_reported = taken_back;

  WorkerView updated = tx.Update(view, std::move(worker));
  const Worker& now_there = *updated.worker;
  Event event = EventOf(EventType::kReplaced, now_there, now,
                        same_process ? Concat({"registered anew by instance ", now_there.instance_id})
                                     : Concat({"instance ", now_there.instance_id,
                                               " took over from instance ", old->instance_id}),
                        actor);
  event.from = old->status;
  event.to = now_there.status;
  tx.Append(std::move(event));
  if (taken_back) {
    tx.Append(EventOf(
        EventType::kCloneDetected, now_there, now,
        CloneReport(now_there.instance_id, now_there.registered_from, old->instance_id, old->registered_from),
        std::move(actor)));
  }
  return updated;
}

}  // namespace

Result<WorkerView> RegisterWorker(RegisterWorkerCommand command, WriteTx& tx, const Moment& now) {
  if (FieldError complaint = Check(command)) return *std::move(complaint);
  std::sort(command.config.capabilities.begin(), command.config.capabilities.end());

  Result<std::optional<WorkerView>> found = tx.Find(command.worker_id);
  if (!found.ok()) return found.error();
  if (!*found) return StageNew(std::move(command), tx, now);

  const WorkerView& view = **found;
  const bool retry = command.instance_id == view.worker->instance_id && command.config == view.worker->config;
  if (retry) return view;
  if (!command.replace) return WorkerAlreadyExists{std::move(command.worker_id)};
  if (!MayBeReplaced(view.worker->status)) {
    return InvalidStateTransition{std::move(command.worker_id), view.worker->status, WorkerStatus::kPending};
  }
  return StageTakeover(std::move(command), view, tx, now);
}

}  // namespace muster

// Heartbeat: the hot path. An accepted heartbeat allocates nothing here.
#include <optional>
#include <string>
#include <utility>

#include "domain/fencing.h"
#include "domain/validation.h"
#include "muster/commands.h"
#include "store/store.h"
#include "usecases/staging.h"

namespace muster {
namespace {

void ReportClone(const WorkerView& view, const HeartbeatCommand& command, WriteTx& tx, const Moment& now) {
  Worker worker = *view.worker;
  worker.clone_reported = true;
  const WorkerView reported = tx.Update(view, std::move(worker));
  tx.Append(EventOf(EventType::kCloneDetected, *reported.worker, now,
                    CloneReport(command.instance_id, command.peer, reported.worker->instance_id,
                                reported.worker->registered_from),
                    std::string(command.peer)));
}

}  // namespace

Result<HeartbeatReceipt> RecordHeartbeat(const HeartbeatCommand& command, absl::Duration heartbeat_timeout,
                                         WriteTx& tx, const Moment& now) {
  if (FieldError complaint = CheckInUse(command.in_use)) return *std::move(complaint);
  Result<WorkerView> found = FindWorker(tx, command.worker_id);
  if (!found.ok()) return found.error();
  const Worker& worker = *found->worker;

  if (!Holds(worker, command.instance_id)) {
    if (FieldError complaint = CheckInstanceId(command.instance_id)) return *std::move(complaint);
    InstanceSuperseded superseded{worker.id, std::string(command.instance_id)};
    if (BeatsOn(worker, command.instance_id, now.listening, heartbeat_timeout))
      ReportClone(*found, command, tx, now);
    return superseded;
  }
  tx.RecordHeartbeat(*found, now, command.in_use);
  return HeartbeatReceipt{worker.status};
}

}  // namespace muster

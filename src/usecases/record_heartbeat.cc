// Heartbeat: the hot path. An accepted heartbeat allocates nothing here.
#include <optional>
#include <string>
#include <utility>

#include "domain/address_turns.h"
#include "domain/fencing.h"
#include "domain/validation.h"
#include "muster/commands.h"
#include "store/store.h"
#include "usecases/staging.h"

namespace muster {
namespace {

WorkerView ReportClone(const WorkerView& view, std::string report, std::string_view peer, WriteTx& tx,
                       const Moment& now) {
  Worker worker = *view.worker;
  worker.clone_reported = true;
  WorkerView reported = tx.Update(view, std::move(worker));
  tx.Append(EventOf(EventType::kCloneDetected, *reported.worker, now, std::move(report), std::string(peer)));
  return reported;
}

}  // namespace

Result<HeartbeatReceipt> RecordHeartbeat(const HeartbeatCommand& command, absl::Duration heartbeat_timeout,
                                         WriteTx& tx, const Moment& now, AddressTurns* turns) {
  if (FieldError complaint = CheckInUse(command.in_use)) return *std::move(complaint);
  Result<WorkerView> found = FindWorker(tx, command.worker_id);
  if (!found.ok()) return found.error();
  const Worker& worker = *found->worker;

  if (!Holds(worker, command.instance_id)) {
    if (FieldError complaint = CheckInstanceId(command.instance_id)) return *std::move(complaint);
    InstanceSuperseded superseded{worker.id, std::string(command.instance_id)};
    if (BeatsOn(worker, command.instance_id, now.listening, heartbeat_timeout)) {
      ReportClone(*found,
                  CloneReport(command.instance_id, command.peer, worker.instance_id, worker.registered_from),
                  command.peer, tx, now);
    }
    return superseded;
  }
  if (turns != nullptr && !command.instance_id.empty() && !worker.clone_reported) {
    if (const auto other = turns->Heard(worker, command.peer, now.listening, heartbeat_timeout)) {
      found = ReportClone(*found, TurnsReport(command.instance_id, HostOf(command.peer), *other),
                          command.peer, tx, now);
    }
  }
  tx.RecordHeartbeat(*found, now, command.in_use);
  return HeartbeatReceipt{found->worker->status};
}

}  // namespace muster

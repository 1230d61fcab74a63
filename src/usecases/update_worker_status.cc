// A move by hand, along the legal moves, if the worker is as the caller expects.
#include <string>
#include <utility>

#include "domain/text.h"
#include "domain/validation.h"
#include "muster/commands.h"
#include "store/store.h"
#include "usecases/staging.h"

namespace muster {
namespace {

FieldError Check(const UpdateWorkerStatusCommand& command) {
  if (FieldError complaint = CheckWorkerId(command.worker_id)) return complaint;
  if (FieldError complaint = CheckStatus("status", command.status)) return complaint;
  if (command.expected_status) {
    if (FieldError complaint = CheckStatus("expected_status", *command.expected_status)) return complaint;
  }
  return CheckReason(command.reason);
}

}  // namespace

Result<WorkerView> UpdateWorkerStatus(const UpdateWorkerStatusCommand& command, WriteTx& tx,
                                      const Moment& now) {
  if (FieldError complaint = Check(command)) return *std::move(complaint);
  Result<WorkerView> found = FindWorker(tx, command.worker_id);
  if (!found.ok()) return found;
  const Worker& worker = *found->worker;
  if (auto miss = CheckExpected(worker, command.expected_status, command.expected_revision))
    return *std::move(miss);

  return Move(tx, *found, command.status, MoveCause::kOperator, now,
              command.reason.empty() ? "moved by hand" : command.reason, command.actor);
}

}  // namespace muster

// Unregister: removes the worker and its heartbeats, and keeps its events.
#include <utility>

#include "domain/text.h"
#include "muster/commands.h"
#include "store/store.h"
#include "usecases/staging.h"

namespace muster {

Result<WorkerView> UnregisterWorker(const UnregisterWorkerCommand& command, WriteTx& tx, const Moment& now) {
  Result<WorkerView> found = FindWorker(tx, command.worker_id);
  if (!found.ok()) return found;
  const Worker& worker = *found->worker;
  if (auto miss = CheckExpected(worker, std::nullopt, command.expected_revision)) return *std::move(miss);

  Event event = EventOf(EventType::kUnregistered, worker, now,
                        Concat({"unregistered while ", StatusName(worker.status)}), command.actor);
  event.revision = tx.NextRevision();
  tx.Remove(*found);
  tx.Append(std::move(event));
  return found;
}

}  // namespace muster

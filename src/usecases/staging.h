// What commands do with a worker: find it, move it, record what happened. Private to the use cases.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/transitions.h"
#include "muster/event.h"
#include "muster/result.h"
#include "muster/worker.h"
#include "store/store.h"

namespace muster {

/// The worker; WorkerNotFound; InvalidArgument for text that is not an id.
Result<WorkerView> FindWorker(const PointReads& reads, std::string_view worker_id);
Result<WorkerView> FindWorker(const WriteTx& tx, std::string_view worker_id);

/// InvalidWorkerState if an expectation is set and not met.
std::optional<InvalidWorkerState> CheckExpected(const Worker& worker, std::optional<WorkerStatus> status,
                                                std::optional<std::int64_t> revision);

/// An event of this worker as it is after the change.
Event EventOf(EventType type, const Worker& worker, const Moment& now, std::string reason, std::string actor);

/// Moves the worker and appends the event, if the status table allows the move; it decides every move, by
/// hand or by a job. InvalidStateTransition. A worker that has the status already stays as it is.
Result<WorkerView> Move(WriteTx& tx, const WorkerView& view, WorkerStatus to, MoveCause by, const Moment& now,
                        std::string reason, std::string actor);

}  // namespace muster

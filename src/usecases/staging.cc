#include "usecases/staging.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/text.h"
#include "domain/validation.h"

namespace muster {
namespace {

std::string ToText(WorkerStatus status) {
  return Concat({"status ", StatusName(status)});
}
std::string ToText(std::int64_t revision) {
  return absl::StrCat("revision ", revision);
}

template <typename Reads>
Result<WorkerView> FindIn(const Reads& reads, std::string_view worker_id) {
  if (FieldError complaint = CheckWorkerId(worker_id)) return *std::move(complaint);
  Result<std::optional<WorkerView>> found = reads.Find(worker_id);
  if (!found.ok()) return found.error();
  if (!*found) return WorkerNotFound{std::string(worker_id)};
  return **std::move(found);
}

}  // namespace

Result<WorkerView> FindWorker(const PointReads& reads, std::string_view worker_id) {
  return FindIn(reads, worker_id);
}
Result<WorkerView> FindWorker(const WriteTx& tx, std::string_view worker_id) {
  return FindIn(tx, worker_id);
}

std::optional<InvalidWorkerState> CheckExpected(const Worker& worker, std::optional<WorkerStatus> status,
                                                std::optional<std::int64_t> revision) {
  if (status && *status != worker.status) {
    return InvalidWorkerState{worker.id, ToText(worker.status), ToText(*status)};
  }
  if (revision && *revision != worker.revision) {
    return InvalidWorkerState{worker.id, ToText(worker.revision), ToText(*revision)};
  }
  return std::nullopt;
}

Event EventOf(EventType type, const Worker& worker, const Moment& now, std::string reason,
              std::string actor) {
  Event event;
  event.type = type;
  event.at = now.wall;
  event.worker_id = worker.id;
  event.region = worker.config.region;
  event.revision = worker.revision;
  event.reason = std::move(reason);
  event.actor = std::move(actor);
  return event;
}

Result<WorkerView> Move(WriteTx& tx, const WorkerView& view, WorkerStatus to, MoveCause by, const Moment& now,
                        std::string reason, std::string actor) {
  const WorkerStatus from = view.worker->status;
  switch (Decide(from, to, by)) {
    case Verdict::kStay:
      return view;
    case Verdict::kRefuse:
      return InvalidStateTransition{view.worker->id, from, to};
    case Verdict::kMove:
      break;
  }
  WorkerView moved = tx.Update(view, Moved(*view.worker, to, by, now, std::move(reason), tx.NextRevision()));
  Event event =
      EventOf(EventType::kStatusChanged, *moved.worker, now, moved.worker->status_reason, std::move(actor));
  event.from = from;
  event.to = to;
  tx.Append(std::move(event));
  return moved;
}

}  // namespace muster

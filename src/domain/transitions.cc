#include "domain/transitions.h"

#include <cstddef>
#include <utility>

#include "domain/text.h"
#include "muster/check.h"

namespace muster {
namespace {

using enum WorkerStatus;

// A move, and the job that makes it.
struct LegalMove {
  WorkerStatus from;
  WorkerStatus to;
  MoveCause job;  // kOperator: no job makes it, only an operator
};

// The one table of the legal moves. An operator may make every one of them.
constexpr LegalMove kLegalMoves[] = {
    {kPending, kActive, MoveCause::kActivation},   {kActive, kOffline, MoveCause::kStaleDetection},
    {kOffline, kActive, MoveCause::kReactivation}, {kPending, kFailed, MoveCause::kOperator},
    {kActive, kFailed, MoveCause::kOperator},      {kOffline, kFailed, MoveCause::kOperator},
};

}  // namespace

Verdict Decide(WorkerStatus from, WorkerStatus to, MoveCause by) {
  if (from == to) return Verdict::kStay;
  for (const LegalMove& move : kLegalMoves) {
    if (move.from != from || move.to != to) continue;
    return by == MoveCause::kOperator || by == move.job ? Verdict::kMove : Verdict::kRefuse;
  }
  return Verdict::kRefuse;
}

bool MayBeReplaced(WorkerStatus status) {
  return status != kFailed;
}

std::string LegalMovesByHand(WorkerStatus from) {
  std::string moves;
  for (const LegalMove& move : kLegalMoves) {
    if (move.from == from) moves += Concat({moves.empty() ? "" : " or ", StatusName(move.to)});
  }
  return moves;
}

Worker Moved(const Worker& worker, WorkerStatus to, MoveCause by, const Moment& now, std::string reason,
             std::int64_t revision) {
  MUSTER_CHECK(Decide(worker.status, to, by) == Verdict::kMove, "only legal moves are made");
  Worker moved = worker;
  moved.status = to;
  moved.status_reason = std::move(reason);
  moved.status_changed_at = now.wall;
  moved.revision = revision;
  if (by == MoveCause::kOperator && to == kActive) moved.activated_by_hand_at = now.listening;
  moved.called_offline_at = by == MoveCause::kStaleDetection ? std::optional(now.listening) : std::nullopt;
  return moved;
}

}  // namespace muster

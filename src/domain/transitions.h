// The status machine: which cause may move a worker from which status to which. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// What asks for a move.
enum class MoveCause : std::uint8_t { kOperator, kActivation, kStaleDetection, kReactivation };

enum class Verdict : std::uint8_t {
  kMove,
  kStay,    // it has that status already: accepted, and nothing changes
  kRefuse,  // not a legal move, or not a move that `by` may make
};

Verdict Decide(WorkerStatus from, WorkerStatus to, MoveCause by);

/// Whether `replace` may give the id of a worker in this status to a new process: Failed is final.
bool MayBeReplaced(WorkerStatus status);

/// Where an operator may move a worker from here, for messages: "Active or Failed"; empty if nowhere.
std::string LegalMovesByHand(WorkerStatus from);

/// The worker after a move. Precondition: Decide calls it kMove.
Worker Moved(const Worker& worker, WorkerStatus to, MoveCause by, const Moment& now, std::string reason,
             std::int64_t revision);

}  // namespace muster

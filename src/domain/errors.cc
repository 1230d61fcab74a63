// The names of errors, and what they tell people to do.
#include "muster/errors.h"

#include "absl/time/time.h"
#include "domain/text.h"
#include "domain/transitions.h"

namespace muster {
namespace {

struct Reason {
  std::string_view operator()(const WorkerAlreadyExists&) const { return "WORKER_ALREADY_EXISTS"; }
  std::string_view operator()(const WorkerNotFound&) const { return "WORKER_NOT_FOUND"; }
  std::string_view operator()(const InvalidArgument&) const { return "INVALID_ARGUMENT"; }
  std::string_view operator()(const InvalidWorkerState&) const { return "INVALID_WORKER_STATE"; }
  std::string_view operator()(const InvalidStateTransition&) const { return "INVALID_STATE_TRANSITION"; }
  std::string_view operator()(const InstanceSuperseded&) const { return "INSTANCE_SUPERSEDED"; }
  std::string_view operator()(const Overloaded&) const { return "OVERLOADED"; }
  std::string_view operator()(const StoreUnavailable&) const { return "STORE_UNAVAILABLE"; }
};

struct Message {
  std::string operator()(const WorkerAlreadyExists& e) const {
    return Concat({"worker \"", e.id,
                   "\" is registered already: choose another id, or set replace to take this one over"});
  }
  std::string operator()(const WorkerNotFound& e) const {
    return Concat({"worker \"", e.id, "\" is not on the roll: check the id, or register it"});
  }
  std::string operator()(const InvalidArgument& e) const { return Concat({e.field, ": ", e.reason}); }
  std::string operator()(const InvalidWorkerState& e) const {
    return Concat({"worker \"", e.id, "\" is at ", e.actual, ", not at ", e.expected,
                   " as you expect: read it again, then decide anew"});
  }
  std::string operator()(const InvalidStateTransition& e) const {
    const std::string moves = LegalMovesByHand(e.from);
    if (moves.empty()) {
      return Concat({"worker \"", e.id, "\" is ", StatusName(e.from),
                     " for good: to use the id again, unregister it and register it anew"});
    }
    return Concat({"worker \"", e.id, "\" cannot go from ", StatusName(e.from), " to ", StatusName(e.to),
                   ": from ", StatusName(e.from), " it can be moved to ", moves});
  }
  std::string operator()(const InstanceSuperseded& e) const {
    return Concat({"worker \"", e.id, "\" is held by another instance than \"", e.instance_id,
                   "\": stop this process, or register it with replace to take the id over"});
  }
  std::string operator()(const Overloaded& e) const {
    return Concat({e.what, ", nothing was done: retry after ", absl::FormatDuration(e.retry_after)});
  }
  std::string operator()(const StoreUnavailable& e) const {
    return Concat({"the store is unavailable (", e.reason, "), ",
                   e.in_doubt ? "whether it was done is not known: look, or retry, with growing pauses"
                              : "nothing was done: retry with growing pauses"});
  }
};

}  // namespace

std::string_view ReasonOf(const WorkerError& error) {
  return std::visit(Reason{}, error);
}

std::string MessageOf(const WorkerError& error) {
  return std::visit(Message{}, error);
}

}  // namespace muster

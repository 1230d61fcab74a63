// Everything that can go wrong with a command or a query, typed. gRPC and HTTP each convert it in one place;
// docs/errors.md tells callers what to do about each error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "muster/worker.h"

namespace muster {

struct WorkerAlreadyExists {
  std::string id;
};
struct WorkerNotFound {
  std::string id;
};
/// A field broke a rule. `reason` names the rule, with the limit.
struct InvalidArgument {
  std::string field;  // as in the proto: "worker_id", "heartbeats[3].worker_id"
  std::string reason;
};
/// A compare-and-set failed: the worker is not as the caller expected.
struct InvalidWorkerState {
  std::string id;
  std::string actual;    // "status Active", "revision 7"
  std::string expected;  // in the same words
};
struct InvalidStateTransition {
  std::string id;
  WorkerStatus from;
  WorkerStatus to;
};
/// Another process took over the id: the caller should stop.
struct InstanceSuperseded {
  std::string id;
  std::string instance_id;  // the caller's
};
/// A limit of the daemon is reached. Nothing was done.
struct Overloaded {
  absl::Duration retry_after;
  std::string_view what = "too much is waiting";  // for people; a literal
};
/// The store cannot be read or written now. Nothing was done, unless it is in doubt. `reason` is for people
/// and names no path and no SQL.
struct StoreUnavailable {
  std::string reason;
  /// The store went away before it answered to a commit: either all of it was done, or nothing.
  bool in_doubt = false;
};

using WorkerError = std::variant<WorkerAlreadyExists, WorkerNotFound, InvalidArgument, InvalidWorkerState,
                                 InvalidStateTransition, InstanceSuperseded, Overloaded, StoreUnavailable>;

/// The stable name for programs: "WORKER_NOT_FOUND", … It never changes once released.
std::string_view ReasonOf(const WorkerError& error);

/// One sentence for people.
std::string MessageOf(const WorkerError& error);

}  // namespace muster

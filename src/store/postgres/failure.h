// What the failures of PostgreSQL mean to us.
//
// Inside the store the type of a failure says what the code does about it. Its `detail` is for the operator
// and may name the host and the statement. Callers of the daemon are told less: WhyUnavailable names no host,
// no path and no SQL. Plain values, thread-safe as such.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "muster/errors.h"
#include "muster/result.h"

namespace muster::postgres {

enum class FailureKind {
  /// No server answers, or the server cannot write: connection lost, timeout, shutdown, too many connections,
  /// a standby. Try again later, on another connection if this one is broken.
  kAway,
  /// Another transaction was in the way (serialization, deadlock). Try the whole transaction again.
  kConflict,
  /// The server refuses a value, and will refuse it again. Nothing is wrong with the server.
  kBadValue,
  /// The schema was upgraded, and is no longer for this program.
  kOutdated,
  /// The server understood and refused: a full disk, a missing right, a mistake of ours.
  kRefused,
};

struct Failure {
  FailureKind kind = FailureKind::kAway;
  std::string sqlstate;   // five characters; empty if the failure did not come from a server
  std::string statement;  // the name of the statement that failed; empty if none did
  std::string detail;     // for the operator
  /// The statements were sent, and nothing says whether they were carried out: a COMMIT among them may have
  /// happened. If this is false, nothing of the transaction happened.
  bool in_doubt = false;
  /// The log has it already: there is no connection, or no attempt was made because it is too soon after the
  /// last one.
  bool logged = false;
};

/// A value, or the Failure that came instead.
template <typename T>
using Reply = Result<T, Failure>;

/// The kind that a SQLSTATE stands for; kAway for an empty one.
FailureKind KindOf(std::string_view sqlstate);

/// True if a connection that met this is of no more use, even if it is still open: another connection may
/// find a server that can write, or plans that still hold.
bool EndsConnection(std::string_view sqlstate);

/// What a caller of the daemon is told.
StoreUnavailable WhyUnavailable(const Failure& failure);

/// The same, and the details go to the log with what was tried ("commit", "list workers"): at warning, or at
/// debug if the log has it already. Call it once for a failure.
StoreUnavailable Report(const Failure& failure, std::string_view doing);

/// For the start of the daemon: `doing`, then the detail. kAway is UNAVAILABLE, kConflict is ABORTED, the
/// others are FAILED_PRECONDITION.
absl::Status StatusOf(const Failure& failure, std::string_view doing);

}  // namespace muster::postgres

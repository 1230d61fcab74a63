// What PostgreSQL's failures mean to us.
//
// Inside the store a failure is typed by what the code does about it; its `detail` is for the operator and
// may name the host and the statement. Callers of the daemon are told less: WhyUnavailable names no host, no
// path and no SQL. Plain values, thread-safe as such.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "muster/errors.h"

namespace muster::postgres {

enum class FailureKind {
  /// No server answers, or it is not one that can write: connection lost, time is up, shutting down, too many
  /// connections, a standby. Try again later, on another connection if this one is broken.
  kAway,
  /// Another transaction was in the way (serialization, deadlock). Try the whole transaction again.
  kConflict,
  /// It will not hold a value that it was given: the same will be refused again. Nothing is wrong with it.
  kBadValue,
  /// The schema was upgraded, and is not for this program any more.
  kOutdated,
  /// The server understood and said no: a full disk, a right that is missing, a mistake of ours.
  kRefused,
};

struct Failure {
  FailureKind kind = FailureKind::kAway;
  std::string sqlstate;   // five characters; empty if the failure did not come from a server
  std::string statement;  // the name of the one that failed; empty if none did
  std::string detail;     // for the operator
  /// The statements had been sent and nothing says whether they were carried out: a COMMIT among them may
  /// have happened. Without this, nothing of the transaction did.
  bool in_doubt = false;
  /// The log tells of it already: no connection, or none was tried because it is too soon after the last.
  bool logged = false;
};

/// A value, or the Failure that stood in its way. Not thread-safe; owns what it holds.
template <typename T>
class [[nodiscard]] Reply {
 public:
  Reply(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Reply(Failure failure)                                                // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }

  // Precondition: ok().
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  /// Precondition: !ok().
  const Failure& failure() const& { return std::get<1>(state_); }
  Failure&& failure() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Failure> state_;
};

/// The kind that a SQLSTATE stands for; kAway for an empty one.
FailureKind KindOf(std::string_view sqlstate);

/// True if a connection that met this is of no more use, although it may still be open: another one may find
/// a server that can write, or plans that still hold.
bool EndsConnection(std::string_view sqlstate);

/// What a caller of the daemon is told.
StoreUnavailable WhyUnavailable(const Failure& failure);

/// The same, and the details go to the log, with what was tried ("commit", "list workers"): at warning, or at
/// debug if the log tells of it already. Call it once for a failure.
StoreUnavailable Report(const Failure& failure, std::string_view doing);

/// For whoever starts the daemon: `doing`, then the detail. kAway is UNAVAILABLE, kConflict ABORTED,
/// the others FAILED_PRECONDITION.
absl::Status StatusOf(const Failure& failure, std::string_view doing);

}  // namespace muster::postgres

// Owners for what libpq gives, and waits that end: no call here blocks longer than its deadline. Only
// connection.cc calls libpq through it. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "store/postgres/conninfo.h"
#include "store/postgres/failure.h"

struct pg_conn;
struct pg_result;

namespace muster::postgres {

struct FinishConnection {
  void operator()(pg_conn* connection) const;
};
using NativeConnection = std::unique_ptr<pg_conn, FinishConnection>;

struct ClearResult {
  void operator()(pg_result* result) const;
};
using NativeResult = std::unique_ptr<pg_result, ClearResult>;

class Deadline {
 public:
  /// `clock` must outlive the deadline.
  Deadline(const Clock& clock, absl::Duration timeout)
      : clock_(&clock), timeout_(timeout), at_(clock.MonotonicNow() + timeout) {}

  absl::Duration Left() const;
  /// An earlier deadline: after `share` of the time that is left.
  Deadline Share(double share) const { return {*clock_, Left() * share}; }
  /// kAway: "no answer within 5s".
  Failure Passed() const;

 private:
  const Clock* clock_;
  absl::Duration timeout_;
  absl::Duration at_;  // on the monotonic clock
};

/// A connection in non-blocking mode. Its notices go to the log.
Reply<NativeConnection> Connect(const Target& target, const Deadline& deadline);

/// The next result; sends first what is still to be sent. Null where libpq has no result: between two
/// statements, and at the end. kAway if the connection is lost or the time is up. A result may itself be an
/// error: see FailureOf.
Reply<NativeResult> NextResult(pg_conn* connection, const Deadline& deadline);

/// Why the connection is of no more use, or would not send: kAway.
Failure LostFailure(pg_conn* connection);

/// What an error result says; `doing` names the statement.
Failure FailureOf(const pg_result* result, std::string_view doing);

/// Looks, without a wait. False if the server has closed the connection.
bool IsStillThere(pg_conn* connection);

}  // namespace muster::postgres

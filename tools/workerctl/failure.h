// What went wrong, told so that the reader knows what to do next.
//
// One place turns a gRPC status (and its google.rpc details) into words and an exit code. Pure.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/time/time.h"
#include "muster/v1/commands.pb.h"

namespace muster::ctl {

inline constexpr int kOk = 0;
inline constexpr int kRefused = 1;      // a server answered, and the answer was no
inline constexpr int kUsage = 2;        // nothing was sent
inline constexpr int kUnreachable = 3;  // no server answered in time, or it does not know itself: in doubt
inline constexpr int kInterrupted = 130;

/// What was tried: the words of an explanation come from here.
struct Attempt {
  std::string command;    // "heartbeat"
  std::string worker_id;  // empty where the command is not about one worker
  std::string server;
  absl::Duration timeout;
  bool one_of_several = false;
};

struct Failure {
  std::string what;  // one line, printable
  std::string next;  // one line: what to do about it
  int exit_code = kRefused;
  std::string reason = "";  // the server's stable reason; empty if it gave none
  /// The same again may succeed later by itself.
  bool passing = false;
};

/// Precondition: !status.ok().
///
/// UNAVAILABLE is kUnreachable unless the daemon itself said so (it gave a reason: its store is away, or it
/// is shutting down), and so is CANCELLED (it ended meanwhile); DEADLINE_EXCEEDED is always kUnreachable, and
/// so is what is in doubt. All else is kRefused.
Failure Explain(const grpc::Status& status, const Attempt& attempt);

/// The same for one heartbeat of a batch or a stream.
Failure Explain(const v1::HeartbeatError& error, const Attempt& attempt);

/// "workerctl: what\n  next\n".
std::string FailureText(const Failure& failure);

/// The argument as it must be typed into a shell.
std::string ShellWord(const std::string& text);

}  // namespace muster::ctl

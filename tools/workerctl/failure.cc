#include "workerctl/failure.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "workerctl/arguments.h"
#include "workerctl/terminal.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct Details {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  std::optional<absl::Duration> retry_after;
  bool in_doubt = false;
};

Details ReadDetails(const std::string& bytes) {
  Details details;
  google::rpc::Status status;
  if (!status.ParseFromString(bytes)) return details;
  for (const auto& any : status.details()) {
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&details.info) || any.UnpackTo(&details.bad_request)) continue;
    if (any.UnpackTo(&retry)) details.retry_after = DurationOf(retry.retry_delay());
  }
  details.in_doubt = details.info.metadata().count("in_doubt") > 0;
  return details;
}

std::string Metadata(const Details& details, const std::string& key) {
  const auto found = details.info.metadata().find(key);
  return found == details.info.metadata().end() ? "" : found->second;
}

std::string IdOf(const Attempt& attempt) {
  return attempt.worker_id.empty() ? "ID" : ShellWord(attempt.worker_id);
}

std::string LegalMoves(std::string_view from) {
  if (from == "Pending") return "from Pending it can move to Active or Failed";
  if (from == "Active") return "from Active it can move to Offline or Failed";
  if (from == "Offline") return "from Offline it can move to Active or Failed";
  return "Pending moves to Active or Failed, Active to Offline or Failed, Offline to Active or Failed";
}

std::string NextAfterTransition(const Attempt& attempt, const Details& details) {
  const std::string from = Metadata(details, "from");
  if (from == "Failed") {
    return absl::StrCat("Failed is final. To bring the id back: workerctl unregister ", IdOf(attempt),
                        ", then workerctl register.");
  }
  return absl::StrCat("Legal moves: ", LegalMoves(from), ". To see where it stands: workerctl get ",
                      IdOf(attempt));
}

// The words of docs/errors.md.
std::string NextInDoubt(const Attempt& attempt) {
  const std::string id = IdOf(attempt);
  if (attempt.command == "heartbeat") {
    return absl::StrCat(
        "It is not known whether it was recorded; one more does no harm. To see: workerctl get ", id);
  }
  const std::string look = attempt.command == "run-scheduler" ? "workerctl events --newest-first"
                                                              : absl::StrCat("workerctl get ", id);
  return absl::StrCat("It is not known whether it was done. To see: ", look, ". If it was not, try again.");
}

std::string NextFor(std::string_view reason, const Attempt& attempt, const Details& details) {
  const std::string id = IdOf(attempt);
  if (reason == "WORKER_NOT_FOUND" && attempt.command != "heartbeat" && attempt.command != "set-status") {
    return "To see who is on the roll: workerctl list";
  }
  if (reason == "WORKER_NOT_FOUND") {
    return absl::StrCat("To put it on the roll: workerctl register ", id,
                        " --region REGION --capacity N (who is there: workerctl list)");
  }
  if (reason == "WORKER_ALREADY_EXISTS") {
    return absl::StrCat("To see who holds the id: workerctl get ", id,
                        ". To take it over for a new process: workerctl register with --replace.");
  }
  if (reason == "INVALID_ARGUMENT") {
    return absl::StrCat("Change what is named above; workerctl ", attempt.command, " --help shows the form.");
  }
  if (reason == "INVALID_WORKER_STATE") {
    return absl::StrCat(
        "It changed since you looked. Look again, then retry with what you see: workerctl get ", id);
  }
  if (reason == "INVALID_STATE_TRANSITION") return NextAfterTransition(attempt, details);
  if (reason == "INSTANCE_SUPERSEDED") {
    return absl::StrCat(
        "Another process holds this id now: stop this one, or register it under an id of its own. ",
        "Who holds it: workerctl get ", id);
  }
  if (reason == "OVERLOADED") {
    return absl::StrCat("Nothing was done. Try again in ",
                        DurationText(details.retry_after.value_or(absl::Seconds(1))), ".");
  }
  if (reason == "STORE_UNAVAILABLE") {
    if (details.in_doubt) return NextInDoubt(attempt);
    return "Nothing was done. Try again shortly; if it stays so, the daemon's log says why.";
  }
  return "";
}

// "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused" says it
// last.
std::string ConnectProblem(const std::string& message) {
  for (const char* known :
       {"Connection refused", "No route to host", "Network is unreachable", "Connection timed out",
        "Connection reset by peer", "No such file or directory", "Permission denied", "Socket closed"}) {
    if (absl::StrContains(message, known)) return absl::AsciiStrToLower(std::string(known));
  }
  if (absl::StrContains(message, "DNS") || absl::StrContains(message, "resolution"))
    return "the name is not known";
  return "it is not there, or not reachable from here";
}

Failure Unreachable(const grpc::Status& status, const Attempt& attempt) {
  Failure failure;
  failure.exit_code = kUnreachable;
  failure.passing = true;
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    failure.what =
        absl::StrCat("no answer from musterd at ", attempt.server, " within ", DurationText(attempt.timeout));
    failure.next =
        "Is that the right address (--server, MUSTER_SERVER)? To wait longer: --timeout 1m. "
        "Whether a change was made is not known.";
    return failure;
  }
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    failure.what = absl::StrCat("musterd at ", attempt.server, " ended before it answered");
    failure.next = "Whether a change was made is not known. Try again when it is back.";
    return failure;
  }
  failure.what =
      absl::StrCat("cannot reach musterd at ", attempt.server, ": ", ConnectProblem(status.error_message()));
  if (attempt.server.starts_with("unix:") || !IsLoopback(attempt.server)) {
    failure.next =
        "Is musterd running there, and is this the right address? Set it with --server or MUSTER_SERVER.";
  } else {
    failure.next = absl::StrCat("Is it running? Start it with: musterd --grpc-listen ", attempt.server,
                                " (elsewhere: --server HOST:PORT or MUSTER_SERVER)");
  }
  return failure;
}

std::string CodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::CANCELLED:
      return "cancelled";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "invalid argument";
    case grpc::StatusCode::NOT_FOUND:
      return "not found";
    case grpc::StatusCode::ALREADY_EXISTS:
      return "already exists";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "permission denied";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "a limit was reached";
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "not possible in this state";
    case grpc::StatusCode::ABORTED:
      return "it changed meanwhile";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "not implemented";
    case grpc::StatusCode::INTERNAL:
      return "internal error";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "not authenticated";
    default:
      return absl::StrCat("error ", static_cast<int>(code));
  }
}

// The daemon ends these with advice in the terms of the contract; ours, in the terms of workerctl, takes its
// place.
bool HasAdvice(std::string_view reason) {
  constexpr std::string_view kReasons[] = {"WORKER_NOT_FOUND",     "WORKER_ALREADY_EXISTS",
                                           "INVALID_WORKER_STATE", "INVALID_STATE_TRANSITION",
                                           "INSTANCE_SUPERSEDED",  "OVERLOADED",
                                           "STORE_UNAVAILABLE"};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}

std::string WithoutAdvice(std::string_view said, std::string_view reason) {
  return Printable(HasAdvice(reason) ? said.substr(0, said.rfind(": ")) : said);
}

// Where a command is about several workers, the sentence must say which.
std::string Naming(const std::string& said, const Attempt& attempt) {
  const std::string id = Printable(attempt.worker_id);
  return !attempt.one_of_several || absl::StrContains(said, id) ? said : absl::StrCat(id, ": ", said);
}

// One line of what the server said, with the fields at fault if the sentence does not name them.
std::string Said(const grpc::Status& status, const Details& details) {
  std::string said = status.error_message().empty() ? CodeName(status.error_code()) : status.error_message();
  for (const auto& violation : details.bad_request.field_violations()) {
    if (!absl::StrContains(said, violation.field())) said = absl::StrCat(violation.field(), ": ", said);
  }
  return WithoutAdvice(said, details.info.reason());
}

}  // namespace

Failure Explain(const grpc::Status& status, const Attempt& attempt) {
  const Details details = ReadDetails(status.error_details());
  const std::string& reason = details.info.reason();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
      (reason.empty() && (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                          status.error_code() == grpc::StatusCode::CANCELLED))) {
    return Unreachable(status, attempt);
  }
  Failure failure;
  failure.what = Naming(Said(status, details), attempt);
  failure.reason = reason;
  failure.next = NextFor(reason, attempt, details);
  failure.passing = reason == "OVERLOADED" || reason == "STORE_UNAVAILABLE";
  if (details.in_doubt) failure.exit_code = kUnreachable;
  if (!failure.next.empty()) return failure;

  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    failure.what = absl::StrCat("the server at ", attempt.server, " does not know this call: ", failure.what);
    failure.next =
        "Is it a musterd of this version? workerctl version and workerctl summary show both versions.";
  } else if (reason.empty()) {
    failure.what = absl::StrCat(failure.what, " (", CodeName(status.error_code()), ")");
    failure.next = absl::StrCat("Is the server at ", attempt.server, " a musterd? Its log may say more.");
  } else {
    failure.next =
        absl::StrCat("The daemon calls this ", Printable(reason), "; docs/errors.md says what it means.");
  }
  return failure;
}

Failure Explain(const v1::HeartbeatError& error, const Attempt& attempt) {
  Failure failure;
  const std::string& said = error.message().empty() ? error.reason() : error.message();
  failure.what = Naming(WithoutAdvice(said, error.reason()), attempt);
  failure.reason = error.reason();
  Details details;
  details.in_doubt = error.in_doubt();
  if (error.has_retry_delay()) details.retry_after = DurationOf(error.retry_delay());
  failure.next = NextFor(error.reason(), attempt, details);
  failure.passing = error.reason() == "OVERLOADED" || error.reason() == "STORE_UNAVAILABLE";
  if (details.in_doubt) failure.exit_code = kUnreachable;
  return failure;
}

std::string FailureText(const Failure& failure) {
  return absl::StrCat("workerctl: ", failure.what, "\n", failure.next.empty() ? "" : "  ", failure.next,
                      failure.next.empty() ? "" : "\n");
}

std::string ShellWord(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           std::string_view("._:@-/=+,").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string quoted = "'";
  for (const char c : Printable(text)) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace muster::ctl

// Every refusal says what happened and what to do, and has the exit code that scripts rely on.
#include "workerctl/failure.h"

#include "catch.h"
#include "refusal.h"

using namespace muster::ctl;
using muster::ctl::testing::Refusal;

namespace {

const Attempt kHeartbeat{"heartbeat", "worker-9", "127.0.0.1:50051", absl::Seconds(10)};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each reason of the daemon has advice of its own") {
  struct Case {
    grpc::StatusCode code;
    const char* reason;
    const char* message;
    const char* what;  // what is told of it
    const char* next;  // is part of the advice
  };
  const Case cases[] = {
      {grpc::StatusCode::NOT_FOUND, "WORKER_NOT_FOUND", "worker \"worker-9\" is not on the roll: register it",
       "worker \"worker-9\" is not on the roll", "workerctl register worker-9 --region REGION --capacity N"},
      {grpc::StatusCode::ALREADY_EXISTS, "WORKER_ALREADY_EXISTS",
       "worker \"worker-9\" is registered already: x", "worker \"worker-9\" is registered already",
       "--replace"},
      {grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT", "capacity: must be more than 0",
       "capacity: must be more than 0", "workerctl heartbeat --help"},
      {grpc::StatusCode::ABORTED, "INVALID_WORKER_STATE",
       "worker \"worker-9\" is at revision 7, not at revision 3 as you expect: read it again",
       "worker \"worker-9\" is at revision 7, not at revision 3 as you expect", "workerctl get worker-9"},
      {grpc::StatusCode::FAILED_PRECONDITION, "INSTANCE_SUPERSEDED",
       "worker \"worker-9\" is held by another: stop", "worker \"worker-9\" is held by another",
       "Another process holds this id now"},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED",
       "too much is waiting, nothing was done: retry after 2s", "too much is waiting, nothing was done",
       "Try again in 1s"},
      {grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE", "the store is unavailable (disk full)",
       "the store is unavailable (disk full)", "Nothing was done. Try again shortly"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.reason);
    const Failure failure = Explain(Refusal(c.code, c.reason, c.message), kHeartbeat);
    CHECK(failure.what == c.what);
    CHECK(Contains(failure.next, c.next));
    CHECK(failure.exit_code == kRefused);
    CHECK(failure.reason == c.reason);
  }
}

TEST_CASE("an illegal move tells the legal ones; Failed tells the way back") {
  const Attempt attempt{"set-status", "worker-9", "127.0.0.1:50051", absl::Seconds(10)};
  const auto refused = [](const char* from) {
    return Refusal(grpc::StatusCode::FAILED_PRECONDITION, "INVALID_STATE_TRANSITION", "no", {{"from", from}});
  };
  CHECK(Contains(Explain(refused("Pending"), attempt).next, "from Pending it can move to Active or Failed"));
  CHECK(Contains(Explain(refused("Active"), attempt).next, "from Active it can move to Offline or Failed"));
  CHECK(Contains(Explain(refused("Offline"), attempt).next, "from Offline it can move to Active or Failed"));
  CHECK(Contains(Explain(refused("Failed"), attempt).next, "workerctl unregister worker-9"));
}

TEST_CASE("the daemon's retry delay is passed on") {
  const auto status =
      Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", "full", {}, absl::Seconds(7));
  CHECK(Contains(Explain(status, kHeartbeat).next, "Try again in 7s"));
}

TEST_CASE("a field at fault is named even where the sentence does not") {
  const auto status =
      Refusal(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT", "is too long", {}, {}, "region");
  CHECK(Explain(status, kHeartbeat).what == "region: is too long");
}

TEST_CASE("no daemon there is 3, and it says how to start or find one") {
  const grpc::Status refused(grpc::StatusCode::UNAVAILABLE,
                             "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:50051: "
                             "Failed to connect to remote host: Connection refused");
  const Failure here = Explain(refused, kHeartbeat);
  CHECK(here.exit_code == kUnreachable);
  CHECK(here.what == "cannot reach musterd at 127.0.0.1:50051: connection refused");
  CHECK(Contains(here.next, "musterd --grpc-listen 127.0.0.1:50051"));

  const Failure there = Explain(refused, {"list", "", "roll.example.org:50051", absl::Seconds(10)});
  CHECK(there.exit_code == kUnreachable);
  CHECK(Contains(there.next, "--server"));

  const Failure gone = Explain(grpc::Status(grpc::StatusCode::CANCELLED, "CANCELLED"), kHeartbeat);
  CHECK(gone.exit_code == kUnreachable);
  CHECK(gone.passing);

  const Failure slow =
      Explain(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"), kHeartbeat);
  CHECK(slow.exit_code == kUnreachable);
  CHECK(slow.what == "no answer from musterd at 127.0.0.1:50051 within 10s");
  CHECK(Contains(slow.next, "--timeout"));
}

TEST_CASE("what is in doubt is told as such, with the way to find out, and never as not done") {
  const grpc::Status status =
      Refusal(grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE",
              "the store is unavailable (it went away before it confirmed), whether it "
              "was done is not known: look, or retry, with growing pauses",
              {{"in_doubt", "true"}}, absl::Seconds(1));
  const auto next = [&](const std::string& command, const std::string& id) {
    const Failure failure = Explain(status, {command, id, "127.0.0.1:50051", absl::Seconds(10)});
    CHECK(failure.what ==
          "the store is unavailable (it went away before it confirmed), whether it was done is not known");
    CHECK(failure.exit_code == kUnreachable);
    CHECK(failure.passing);
    return failure.next;
  };
  CHECK(next("heartbeat", "w") ==
        "It is not known whether it was recorded; one more does no harm. To see: workerctl get w");
  CHECK(next("heartbeat", "") ==
        "It is not known whether it was recorded; one more does no harm. To see: workerctl get ID");
  for (const char* command : {"register", "unregister", "set-status"}) {
    CHECK(next(command, "w") ==
          "It is not known whether it was done. To see: workerctl get w. If it was not, try again.");
  }
  CHECK(next("run-scheduler", "") ==
        "It is not known whether it was done. To see: workerctl events --newest-first. If it was not, try "
        "again.");
}

TEST_CASE("only what may pass by itself is worth waiting for") {
  CHECK(Explain(Refusal(grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE", "x"), kHeartbeat).passing);
  CHECK(Explain(Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", "x"), kHeartbeat).passing);
  CHECK(Explain(grpc::Status(grpc::StatusCode::UNAVAILABLE, "x"), kHeartbeat).passing);
  CHECK_FALSE(Explain(Refusal(grpc::StatusCode::NOT_FOUND, "WORKER_NOT_FOUND", "x"), kHeartbeat).passing);
  CHECK_FALSE(Explain(Refusal(grpc::StatusCode::FAILED_PRECONDITION, "INSTANCE_SUPERSEDED", "x"), kHeartbeat)
                  .passing);
}

TEST_CASE("a server that is no musterd, and reasons of a later one, are told as such") {
  const Failure other = Explain(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown service"), kHeartbeat);
  CHECK(other.exit_code == kRefused);
  CHECK(Contains(other.next, "Is it a musterd"));
  const Failure later = Explain(Refusal(grpc::StatusCode::INTERNAL, "TIME_TRAVEL", "no"), kHeartbeat);
  CHECK(Contains(later.next, "TIME_TRAVEL"));
  const Failure bare = Explain(grpc::Status(grpc::StatusCode::INTERNAL, "broken"), kHeartbeat);
  CHECK(bare.what == "broken (internal error)");
}

TEST_CASE("details that are garbage do no harm") {
  const grpc::Status status(grpc::StatusCode::NOT_FOUND, "gone", "\xFF\xFF not a protobuf");
  CHECK(Explain(status, kHeartbeat).what == "gone (not found)");
}

TEST_CASE("a failure is one line of what and one line of what next") {
  CHECK(FailureText({"it broke", "mend it"}) == "workerctl: it broke\n  mend it\n");
  CHECK(FailureText({"it broke", ""}) == "workerctl: it broke\n");
  const Failure hostile = Explain(grpc::Status(grpc::StatusCode::INTERNAL, "a\nb\033[2J"), kHeartbeat);
  CHECK(hostile.what == "a\\nb\\x1b[2J (internal error)");
}

TEST_CASE("commands to type are quoted for the shell") {
  CHECK(ShellWord("worker-1") == "worker-1");
  CHECK(ShellWord("a b") == "'a b'");
  CHECK(ShellWord("$(reboot)") == "'$(reboot)'");
  CHECK(ShellWord("it's") == "'it'\\''s'");
  CHECK(ShellWord("") == "''");
}

// Wrong usage is 2 and sends nothing; help is 0, on the output, with an example.
#include "catch.h"
#include "run.h"

using namespace muster::ctl::testing;

TEST_CASE("what is wrong is said in one line, and where to look") {
  struct Case {
    std::vector<std::string> arguments;
    std::string complaint;
    std::string help;
  };
  const Case cases[] = {
      {{}, "which command?", "workerctl --help"},
      {{"lst"}, "there is no command 'lst'", "workerctl --help"},
      {{"get"}, "ID is required", "workerctl get --help"},
      {{"get", "a", "b"}, "b", "workerctl get --help"},
      {{"register", "a"}, "--region is required", "workerctl register --help"},
      {{"register", "-f", "x", "--capacity", "1"},
       "--capacity does not go with --file",
       "workerctl register --help"},
      {{"register", "-f", "/nonexistent/fleet"},
       "cannot read /nonexistent/fleet",
       "workerctl register --help"},
      {{"register", "a", "--region", "eu", "--capacity", "many"}, "--capacity", "workerctl register --help"},
      {{"register", "a", "--region", "eu", "--capacity", "1", "--metadata", "rack"},
       "not of the form key=value",
       "workerctl register --help"},
      {{"list", "--status", "Sleeping"}, "Sleeping", "workerctl list --help"},
      {{"list", "--limit", "0"}, "'0' is not a number of 1 or more", "workerctl list --help"},
      {{"list", "-o", "papyrus"}, "papyrus", "workerctl list --help"},
      {{"list", "--timeout", "soon"}, "'soon' is not a duration", "workerctl list --help"},
      {{"list", "--server", "nowhere"}, "'nowhere' is not HOST:PORT", "workerctl list --help"},
      {{"heartbeat", "a", "--every", "5s", "--follow"}, "--every", "workerctl heartbeat --help"},
      {{"unregister", "a", "b", "--expected-revision", "1"},
       "goes with one ID only",
       "workerctl unregister --help"},
      {{"completion", "tcsh"}, "tcsh", "workerctl completion --help"},
      {{"get", "\xFF"}, "is not UTF-8", "workerctl --help"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.complaint);
    const Ran ran = Run(c.arguments, {.server = "127.0.0.1:1"});
    CHECK(ran.exit_code == 2);
    CHECK(ran.out.empty());
    CHECK(Contains(ran.err, "workerctl: "));
    CHECK(Contains(ran.err, c.complaint));
    CHECK(Contains(ran.err, "\n  See: " + c.help + "\n"));
  }
}

TEST_CASE("every command has help with an example") {
  for (const char* command : {"register", "unregister", "heartbeat", "get", "list", "history", "events",
                              "set-status", "run-scheduler", "summary", "demo", "completion", "version"}) {
    CAPTURE(command);
    CHECK(Contains(Run({"--help"}).out, command));
    const Ran ran = Run({command, "--help"});
    CHECK(ran.exit_code == 0);
    CHECK(Contains(ran.out, "Examples:\n  "));
    CHECK(Contains(ran.out, std::string("workerctl ") + command));
    CHECK(ran.err.empty());
  }
  CHECK(Contains(Run({"--help"}).out, "unreachable: no daemon answered"));
}

TEST_CASE("without a daemon that listens it is 3") {
  const Ran ran = Run({"list"}, {.server = "127.0.0.1:1"});  // no unprivileged process listens there
  CHECK(ran.exit_code == 3);
  CHECK(ran.out.empty());
  CHECK(Contains(ran.err, "cannot reach musterd at 127.0.0.1:1"));
  CHECK(Contains(ran.err, "musterd --grpc-listen 127.0.0.1:1"));
  CHECK_FALSE(Contains(ran.err, "rpc error"));
}

TEST_CASE("the version needs no server") {
  const Ran ran = Run({"version"});
  CHECK(ran.exit_code == 0);
  CHECK(Contains(ran.out, "workerctl "));
}

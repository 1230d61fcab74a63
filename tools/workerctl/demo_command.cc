// workerctl demo
#include <unistd.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "workerctl/command_line.h"
#include "workerctl/commands.h"
#include "workerctl/demo.h"
#include "workerctl/private_daemon.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(30);  // without --patient

struct DemoOptions {
  std::string musterd;
  bool patient = false;
};

// Ids on a shared daemon must not meet those of others, nor of another demo.
std::string FreshMark() {
  std::random_device random;
  return absl::StrFormat("%08x", random());
}

int Play(Session& session, Connection& connection, Interrupt& interrupt, const std::string& prefix,
         absl::Duration heartbeat_timeout) {
  std::optional<Failure> failed;
  {
    Demo demo(connection, interrupt, session.out(), prefix, FreshMark());
    failed = demo.Play(heartbeat_timeout);
  }  // its workers are off the roll again
  if (interrupt.Requested()) return session.Fail(Failure{"interrupted", "", kInterrupted});
  if (failed) return session.Fail(*failed);
  session.out() << "=== Demo Complete ===\n";
  return kOk;
}

int PlayPrivately(Session& session, const DemoOptions& options) {
  const std::string musterd =
      options.musterd.empty() ? FindMusterd(session.surroundings().executable) : options.musterd;
  if (musterd.empty()) {
    return session.Fail(Failure{
        "there is no musterd beside workerctl, nor in PATH",
        "Say where it is: workerctl demo --musterd PATH; or use a daemon that runs: --server HOST:PORT",
        kUsage});
  }
  Interrupt interrupt;
  PrivateDaemon daemon(interrupt);
  // The daemon's own ticks are as rare as they may be: what moves the workers is RunScheduler, at its step.
  const auto problem = daemon.Start(musterd, {"--heartbeat-timeout=3s", "--activation-interval=2900ms",
                                              "--stale-interval=2900ms", "--reactivation-interval=2900ms"});
  if (interrupt.Requested()) return session.Fail(Failure{"interrupted", "", kInterrupted});
  if (problem)
    return session.Fail(Failure{Printable(*problem), absl::StrCat("Does ", musterd, " run by itself?")});
  session.out() << "=== Worker Management Demo ===\n"
                << "(a musterd of its own at " << daemon.address() << ", gone when this ends)\n\n";
  Connection connection(daemon.address(), session.options().timeout, &interrupt);
  return Play(session, connection, interrupt, "", absl::Seconds(3));
}

int PlayOn(Session& session, const DemoOptions& options) {
  Interrupt interrupt;
  Connection connection(session.options().server, session.options().timeout, &interrupt);
  v1::GetFleetSummaryResponse summary;
  const grpc::Status status =
      connection.Call(&v1::WorkerQueries::Stub::GetFleetSummary, v1::GetFleetSummaryRequest(), summary);
  if (!status.ok()) return session.Fail(status, session.AttemptOf("demo"));
  const absl::Duration timeout = DurationOf(summary.heartbeat_timeout());
  if (timeout > kLongestWait && !options.patient) {
    return session.Fail(
        Failure{absl::StrCat("the daemon at ", connection.server(), " calls workers Offline after ",
                             DurationText(timeout), ": the demo would take that long"),
                "To wait: workerctl demo --patient. For a short one, on a daemon of its own: workerctl demo "
                "without --server.",
                kUsage});
  }
  const std::string prefix = absl::StrCat("demo-", FreshMark(), "-");
  session.out() << "=== Worker Management Demo ===\n"
                << "(on the daemon at " << connection.server()
                << "; the workers leave it again when this ends)\n\n";
  return Play(session, connection, interrupt, prefix, timeout);
}

}  // namespace

void AddDemo(CommandLine& line) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App& command = line.Add("demo", "Play the life of three workers, step by step",
                               "workerctl demo\n"
                               "workerctl demo --server 127.0.0.1:50051 --patient",
                               "Runs against a musterd of its own that it starts and ends (with a timeout of "
                               "3 s), or against --server: there with\n"
                               "ids of its own, and it leaves nothing behind. Every step is checked against "
                               "the daemon's answers; exit 1 if one\n"
                               "is not as told.");
  CLI::Option* musterd = command
                             .add_option("--musterd", options->musterd,
                                         "The daemon to start (default: beside workerctl, else in PATH)")
                             ->type_name("PATH");
  line.TakesFile(musterd);
  command.add_flag("--patient", options->patient,
                   "Play against --server even if its timeout is longer than 30 s");
  line.OnRun(command, [options](Session& session) {
    return session.options().server_given ? PlayOn(session, *options) : PlayPrivately(session, *options);
  });
}

}  // namespace muster::ctl

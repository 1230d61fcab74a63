// workerctl demo: the life of three workers, told step by step. Each step is a command of workerctl, checked
// against what the daemon says.
#include <ostream>
#include <random>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "workerctl/command_line.h"
#include "workerctl/interrupt.h"
#include "workerctl/private_daemon.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(30);  // without --patient
constexpr absl::Duration kGrace = absl::Seconds(10);        // for a busy machine, on top of what is promised

struct DemoOptions {
  std::string musterd;
  bool patient = false;
};

// Thrown where the demo ends early. What went wrong is told by then.
struct Ended {
  int exit_code;
};

Ended Interrupted(Session& session) {
  return {session.Fail(Failure{"interrupted", "", kInterrupted})};
}

std::string SecondsOf(absl::Duration duration) {
  const std::int64_t seconds = absl::ToInt64Seconds(duration);
  if (duration != absl::Seconds(seconds)) return DurationText(duration);
  return absl::StrCat(seconds, seconds == 1 ? " second" : " seconds");
}

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// What it registered leaves the roll with it. Everything handed in must outlive it.
class Demo {
 public:
  /// `prefix` goes before the ids; `mark` goes into the metadata, so that other workers of the daemon stay
  /// out.
  Demo(Session& session, Interrupt& interrupt, std::string server, std::string prefix, std::string mark)
      : session_(session),
        interrupt_(interrupt),
        server_(std::move(server)),
        prefix_(std::move(prefix)),
        mark_("demo=" + mark) {}
  ~Demo() {
    if (registered_.empty()) return;
    std::vector<std::string> words = {"unregister"};
    words.insert(words.end(), registered_.begin(), registered_.end());
    std::ostringstream ignored;
    RunAside(words, session_.surroundings(), server_, ignored, ignored);
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  absl::Duration HeartbeatTimeout() {
    absl::Duration timeout;
    absl::ParseDuration(Text(Json::parse(Run({"summary", "-o", "json"}))["heartbeatTimeout"]), &timeout);
    return timeout;
  }

  void Play(absl::Duration heartbeat_timeout);

 private:
  template <typename... Parts>
  void Tell(const Parts&... parts) {
    session_.out() << absl::StrCat(parts...) << std::flush;
    if (session_.out().fail()) throw Ended{kOk};  // the reader has seen enough
  }

  void Wait(absl::Duration duration) {
    if (!interrupt_.WaitFor(duration)) throw Interrupted(session_);
  }

  /// Runs a command of workerctl and returns its output.
  std::string Run(std::vector<std::string> words) {
    words.push_back(absl::StrCat("--timeout=", absl::FormatDuration(session_.options().timeout)));
    std::ostringstream out;
    const int exit_code = RunAside(words, session_.surroundings(), server_, out, session_.surroundings().err);
    Wait(absl::ZeroDuration());
    if (exit_code != kOk) throw Ended{exit_code};
    return out.str();
  }

  void Expect(const std::string& what, const std::string& expected, const std::string& got) {
    if (got == expected) return;
    throw Ended{session_.Fail(Failure{absl::StrCat("the demo expected ", what, " ", expected,
                                                   "; the daemon says ", got.empty() ? "none" : got),
                                      "This should not happen: please report it, with the daemon's log."})};
  }

  void Register(const std::string& id, const std::string& region, int capacity) {
    Run({"register", id, "--region", region, "--capacity", absl::StrCat(capacity), "--capability", "compute",
         "--capability", "storage", "--metadata", mark_});
    registered_.push_back(id);
    ExpectStatus(id, "Pending");
  }

  Json Get(const std::string& id) { return Json::parse(Run({"get", id, "-o", "json"})); }

  // The status is checked, not the scheduler's report: the daemon's own ticks may have moved a worker a
  // moment earlier.
  void ExpectStatus(const std::string& id, const std::string& status) {
    Expect(id + " to be", status, Text(Get(id)["status"]));
  }

  /// Runs the jobs until the worker is Offline.
  void AwaitOffline(const std::string& id, absl::Duration patience) {
    constexpr absl::Duration kStep = absl::Milliseconds(100);
    for (absl::Duration waited; waited < patience; waited += kStep) {
      Run({"run-scheduler"});
      if (Get(id)["status"] == "Offline") return;
      Wait(kStep);
    }
    ExpectStatus(id, "Offline");
  }

  /// The demo's workers are `ids`: "worker-1, worker-2". `filter` has more words for the list.
  void ExpectListed(const std::string& what, const std::string& ids, const std::vector<std::string>& filter) {
    std::vector<std::string> words = {"list", "-o", "name", "--metadata", mark_};
    words.insert(words.end(), filter.begin(), filter.end());
    const std::string lines = Run(std::move(words));
    Expect(what, ids, absl::StrReplaceAll(absl::StripAsciiWhitespace(lines), {{"\n", ", "}}));
  }

  void ShowHeard(const std::string& id) {
    Json worker = Get(id);
    Expect("heartbeats of " + id + ":", "1", Text(worker["heartbeats"]["total"]));
    Tell("   ", id, ": ", Text(worker["status"]), ", region=", Text(worker["region"]),
         ", capacity=", Text(worker["capacity"]), ", last heartbeat=", Text(worker["lastHeartbeatAt"]), "\n");
  }

  Session& session_;
  Interrupt& interrupt_;
  const std::string server_;
  const std::string prefix_;
  const std::string mark_;
  std::vector<std::string> registered_;
};

void Demo::Play(absl::Duration heartbeat_timeout) {
  const std::string first = prefix_ + "worker-1";
  const std::string second = prefix_ + "worker-2";
  const std::string third = prefix_ + "worker-3";
  const std::string both = absl::StrCat(first, ", ", second);

  Tell("1. Registering workers...\n");
  Register(first, "us-east-1", 10);
  Register(second, "eu-west-1", 5);
  Register(third, "ap-south-1", 8);
  Tell("   Registered: ", both, ", ", third, "\n   Status: Pending (waiting for first heartbeat)\n\n");

  Tell("2. Sending heartbeats for ", first, " and ", second, "...\n");
  Run({"heartbeat", first});
  Run({"heartbeat", second});
  Tell("   Heartbeats recorded\n\n");

  Tell("3. Running scheduler to activate workers with heartbeats...\n");
  Run({"run-scheduler"});
  ExpectStatus(first, "Active");
  ExpectStatus(second, "Active");
  ExpectStatus(third, "Pending");
  Tell("   Activated: ", both, "\n   (", third, " still Pending - no heartbeat yet)\n\n");

  Tell("4. Querying active workers...\n");
  ExpectListed("active workers", both, {"--status", "Active"});
  Tell("   Active workers: ", both, "\n\n");

  Tell("5. Getting ", first, " with metadata...\n");
  ShowHeard(first);
  ShowHeard(second);

  Tell("\n6. Simulating heartbeat timeout (waiting 2 minutes)...\n");
  if (heartbeat_timeout != absl::Minutes(2)) {
    Tell("   (Using short timeout for demo: ", SecondsOf(heartbeat_timeout), ")\n");
  }
  Wait(heartbeat_timeout);
  AwaitOffline(first, heartbeat_timeout + kGrace);
  AwaitOffline(second, heartbeat_timeout + kGrace);
  Tell("   Marked offline: ", both, "\n\n");

  Tell("7. Sending heartbeat for ", first, " to reactivate...\n");
  Run({"heartbeat", first});
  Run({"run-scheduler"});
  ExpectStatus(first, "Active");
  Tell("   Reactivated: ", first, "\n\n");

  Tell("8. Final worker states:\n");
  const std::pair<std::string, std::string> finals[] = {
      {first, "Active"}, {second, "Offline"}, {third, "Pending"}};
  for (const auto& [id, status] : finals) {
    ExpectStatus(id, status);
    Tell("   ", id, ": ", status, "\n");
  }

  Tell("\n9. Unregistering ", third, "...\n");
  Run({"unregister", third});
  registered_.pop_back();
  ExpectListed("remaining workers", both, {});
  Tell("   Remaining workers: ", both, "\n\n");
}

// Starts a daemon for the demo.
void Start(PrivateDaemon& daemon, Session& session, Interrupt& interrupt, const DemoOptions& options) {
  const std::string musterd =
      options.musterd.empty() ? FindMusterd(session.surroundings().executable) : options.musterd;
  if (musterd.empty()) {
    throw Ended{session.Fail(Failure{
        "there is no musterd beside workerctl, nor in PATH",
        "Say where it is: workerctl demo --musterd PATH; or use a daemon that runs: --server HOST:PORT",
        kUsage})};
  }
  // The daemon's own ticks are as rare as they may be: what moves the workers is run-scheduler, at its step.
  const auto problem = daemon.Start(musterd, {"--heartbeat-timeout=3s", "--activation-interval=2900ms",
                                              "--stale-interval=2900ms", "--reactivation-interval=2900ms"});
  if (interrupt.Requested()) throw Interrupted(session);
  if (!problem) return;
  throw Ended{session.Fail(Failure{Printable(*problem), absl::StrCat("Does ", musterd, " run by itself?")})};
}

void PlayOn(const std::string& server, Session& session, Interrupt& interrupt, const DemoOptions& options) {
  const bool shared = session.options().server_given;
  std::random_device random;
  const std::string mark = absl::StrFormat("%08x", random());  // no other demo on the daemon has it
  Demo demo(session, interrupt, server, shared ? absl::StrCat("demo-", mark, "-") : "", mark);
  const absl::Duration timeout = demo.HeartbeatTimeout();
  if (timeout > kLongestWait && !options.patient) {
    throw Ended{session.Fail(
        Failure{absl::StrCat("the daemon at ", server, " calls workers Offline after ", DurationText(timeout),
                             ": the demo would take that long"),
                "To wait: workerctl demo --patient. For a short one, on a daemon of its own: workerctl demo "
                "without --server.",
                kUsage})};
  }
  session.out() << "=== Worker Management Demo ===\n"
                << (shared ? "(on the daemon at " : "(a musterd of its own at ") << server
                << (shared ? "; the workers leave it again when this ends)" : ", gone when this ends)")
                << "\n\n";
  demo.Play(timeout);
}

int RunDemo(Session& session, const DemoOptions& options) {
  Interrupt interrupt;
  PrivateDaemon daemon(interrupt);
  try {
    if (!session.options().server_given) Start(daemon, session, interrupt, options);
    PlayOn(session.options().server_given ? session.options().server : daemon.address(), session, interrupt,
           options);
  } catch (const Ended& ended) {
    return ended.exit_code;
  }
  session.out() << "=== Demo Complete ===\n";
  return kOk;
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
  line.OnRun(command, [options](Session& session) { return RunDemo(session, *options); });
}

}  // namespace muster::ctl

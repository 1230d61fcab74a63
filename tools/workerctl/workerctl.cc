// The whole of workerctl behind one function: the tests run it in their own process.
#include "absl/strings/str_cat.h"
#include "workerctl/command_line.h"
#include "workerctl/failure.h"

namespace muster::ctl {
namespace {

void AddVersion(CommandLine& line) {
  CLI::App& command = line.Add("version", "Show the version of workerctl", "workerctl version",
                               "The version of the daemon is in workerctl summary.");
  line.OnRun(command, [](Session& session) {
    session.out() << "workerctl " << MUSTER_VERSION << "\n";
    return kOk;
  });
}

void AddCommands(CommandLine& line) {
  AddRegister(line);
  AddHeartbeat(line);
  AddList(line);
  AddGet(line);
  AddSetStatus(line);
  AddUnregister(line);
  AddHistory(line);
  AddEvents(line);
  AddSummary(line);
  AddRunScheduler(line);
  AddDemo(line);
  AddCompletion(line);
  AddVersion(line);
}

std::string HelpCommand(const CommandLine& line) {
  const auto chosen = line.app().get_subcommands();
  return chosen.empty() ? "workerctl --help"
                        : absl::StrCat("workerctl ", chosen.front()->get_name(), " --help");
}

// What CLI11 says, or something more to the point.
std::string FieldError(const CommandLine& line, const CLI::Error& error) {
  if (!line.app().get_subcommands().empty()) return error.what();
  const std::vector<std::string> unknown = line.app().remaining();
  if (unknown.empty()) return "which command?";
  return absl::StrCat("there is no command '", unknown.front(), "'");
}

int WrongUsage(const std::string& what, const std::string& help, Surroundings& surroundings) {
  std::string line = what.substr(0, what.find('\n'));
  surroundings.err << FailureText({Printable(line), absl::StrCat("See: ", help)}) << std::flush;
  return kUsage;
}

}  // namespace

int RunWorkerctl(const std::vector<std::string>& arguments, Surroundings& surroundings) {
  for (const std::string& argument : arguments) {
    if (!IsUtf8(argument))
      return WrongUsage(absl::StrCat("'", argument, "' is not UTF-8"), "workerctl --help", surroundings);
  }
  CommandLine line(surroundings.server);
  AddCommands(line);
  if (!arguments.empty() && arguments.front() == "__complete") {  // hidden: `__complete -- WORDS…`
    const auto words = arguments.begin() + (arguments.size() > 1 && arguments[1] == "--" ? 2 : 1);
    return Complete(line, std::vector<std::string>(words, arguments.end()), surroundings);
  }
  try {
    line.Parse(arguments);
    Session session(surroundings, line.common());
    return line.chosen()(session);
  } catch (const CLI::Success& asked) {
    return line.app().exit(asked, surroundings.out, surroundings.err);  // --help
  } catch (const CLI::Error& error) {
    return WrongUsage(FieldError(line, error), HelpCommand(line), surroundings);
  }
}

int RunAside(const std::vector<std::string>& arguments, const Surroundings& surroundings,
             const std::string& server, std::ostream& out, std::ostream& err) {
  Surroundings aside{.in = surroundings.in,
                     .out = out,
                     .err = err,
                     .clock = surroundings.clock,
                     .wait = surroundings.wait,
                     .terminal = surroundings.terminal,
                     .server = server,
                     .executable = surroundings.executable};
  return RunWorkerctl(arguments, aside);
}

}  // namespace muster::ctl

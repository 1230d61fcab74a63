#include "workerctl/workerctl.h"

#include "absl/strings/str_cat.h"
#include "workerctl/command_line.h"
#include "workerctl/commands.h"
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

}  // namespace muster::ctl

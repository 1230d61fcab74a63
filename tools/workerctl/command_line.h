// The grammar of the command line: what there is to type, what each thing may be, and what runs then.
//
// Commands add themselves; help and completion follow from what they add. It must live as long as the chosen
// command runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "workerctl/session.h"

namespace muster::ctl {

// In the place of values: the ids of the roll, the files of this machine.
inline constexpr char kWorkerIds[] = ":workers";
inline constexpr char kFiles[] = ":files";

class CommandLine {
 public:
  using Run = std::function<int(Session&)>;

  /// `server` is the address to use where none is given.
  explicit CommandLine(const std::string& server);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App& app() { return app_; }
  const CLI::App& app() const { return app_; }

  /// A new command. `details` says what the one line `about` does not; `examples` are lines to type.
  CLI::App& Add(const std::string& name, const std::string& about, const std::string& examples,
                const std::string& details = "");
  /// What the command does. `check` runs while parsing and may throw CLI::ValidationError.
  void OnRun(CLI::App& command, Run run, std::function<void()> check = nullptr);

  /// The option takes one of these, in any case of letters.
  void Choices(CLI::Option* option, const std::vector<std::string>& values);
  /// The argument is the id of a worker that is on the roll.
  void TakesWorkerId(CLI::Option* option) { values_[option] = {kWorkerIds}; }
  /// The option takes the path of a file.
  void TakesFile(CLI::Option* option) { values_[option] = {kFiles}; }
  /// The choices, kWorkerIds or kFiles; null where any text will do.
  const std::vector<std::string>* ValuesOf(const CLI::Option* option) const;

  /// Throws CLI::ParseError where the arguments break the grammar, or ask for help.
  void Parse(const std::vector<std::string>& arguments);

  // What was typed. Precondition: Parse returned.
  CommonOptions common() const;
  const Run& chosen() const { return chosen_; }

 private:
  CLI::App app_;
  CommonOptions common_;
  std::string form_ = "table";
  std::string timeout_ = "10s";
  CLI::Option* server_option_ = nullptr;
  std::map<const CLI::Option*, std::vector<std::string>> values_;
  Run chosen_;
};

// The commands. Each stands in the file of its name.
void AddRegister(CommandLine& line);
void AddUnregister(CommandLine& line);
void AddHeartbeat(CommandLine& line);
void AddGet(CommandLine& line);
void AddList(CommandLine& line);
void AddHistory(CommandLine& line);
void AddEvents(CommandLine& line);
void AddSetStatus(CommandLine& line);
void AddRunScheduler(CommandLine& line);
void AddSummary(CommandLine& line);
void AddDemo(CommandLine& line);
void AddCompletion(CommandLine& line);

/// For the stubs of completion: prints what may stand in the place of the last of the words, one candidate a
/// line (behind it a tab and what it is), or kFiles alone. Returns the exit code.
int Complete(const CommandLine& line, std::vector<std::string> words, Surroundings& surroundings);

}  // namespace muster::ctl

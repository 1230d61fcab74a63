// The grammar of the command line: what there is to type, what each thing may be, and what runs then.
//
// Commands add themselves; the shell completions are made from what they added. Kept alive for as long as the
// chosen command runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "workerctl/session.h"

namespace muster::ctl {

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
  void TakesWorkerId(CLI::Option* option) { worker_ids_.insert(option); }
  /// The option takes the path of a file.
  void TakesFile(CLI::Option* option) { files_.insert(option); }

  /// Null unless Choices was called for it.
  const std::vector<std::string>* ChoicesOf(const CLI::Option* option) const;
  bool IsWorkerId(const CLI::Option* option) const { return worker_ids_.contains(option); }
  bool IsFile(const CLI::Option* option) const { return files_.contains(option); }

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
  std::map<const CLI::Option*, std::vector<std::string>> choices_;
  std::set<const CLI::Option*> worker_ids_;
  std::set<const CLI::Option*> files_;
  Run chosen_;
};

}  // namespace muster::ctl

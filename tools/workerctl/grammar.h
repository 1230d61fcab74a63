// The grammar as plain lists, for those who print it.
#pragma once

#include <string>
#include <vector>

#include "workerctl/command_line.h"

namespace muster::ctl {

struct Argument {
  enum class Takes { kNothing, kChoice, kWorkerId, kFile, kText };
  std::vector<std::string> names;  // "--output", "-o"; for a positional its one name
  std::string about;
  Takes takes = Takes::kText;
  std::vector<std::string> choices;
  bool repeated = false;
};

struct CommandShape {
  std::string name;
  std::string about;
  std::vector<Argument> options;
  std::vector<Argument> positionals;
};

/// The options that every command takes: a shape without a name.
CommandShape ShapeOfAll(const CommandLine& line);
/// The commands, in the order of the help.
std::vector<CommandShape> ShapesOfCommands(const CommandLine& line);

}  // namespace muster::ctl

// Completion scripts, made from the grammar itself: a command or an option that is added there is completed
// here.
#pragma once

#include <string>

#include "workerctl/command_line.h"

namespace muster::ctl {

/// Each is a whole script, to be sourced by its shell. Ids of workers are completed by asking the daemon.
std::string BashCompletion(const CommandLine& line);
std::string ZshCompletion(const CommandLine& line);
std::string FishCompletion(const CommandLine& line);

}  // namespace muster::ctl

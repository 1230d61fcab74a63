// The whole of workerctl behind one function, so that tests run it in their own process.
#pragma once

#include <string>
#include <vector>

#include "workerctl/session.h"

namespace muster::ctl {

/// Runs one command line (without the program's name) and returns the exit code. Never throws.
int RunWorkerctl(const std::vector<std::string>& arguments, Surroundings& surroundings);

}  // namespace muster::ctl

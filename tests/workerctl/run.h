// One run of workerctl in this process.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "workerctl/terminal.h"

namespace muster::ctl::testing {

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
  std::vector<absl::Duration> waits;  // what it would have waited
};

struct Setting {
  std::string server = "";  // as from MUSTER_SERVER
  std::string input = "";
  Terminal terminal = {};
  std::string executable = "";
};

/// The clock stands at Unix second 1,700,000,060. Waits are recorded, not waited.
Ran Run(const std::vector<std::string>& arguments, const Setting& setting = {});

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace muster::ctl::testing

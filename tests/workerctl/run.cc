#include "run.h"

#include <sstream>

#include "runtime/manual_clock.h"
#include "workerctl/session.h"

namespace muster::ctl::testing {

Ran Run(const std::vector<std::string>& arguments, const Setting& setting) {
  std::istringstream in(setting.input);
  std::ostringstream out, err;
  const ManualClock clock(absl::FromUnixSeconds(1'700'000'060));
  Ran ran;
  Surroundings surroundings{
      .in = in,
      .out = out,
      .err = err,
      .clock = clock,
      .wait = [&ran](absl::Duration duration) { ran.waits.push_back(duration); },
      .terminal = [&setting](bool) { return setting.terminal; },
      .server = setting.server,
      .executable = setting.executable,
  };
  ran.exit_code = RunWorkerctl(arguments, surroundings);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

}  // namespace muster::ctl::testing

// workerctl: hands the process's surroundings to the library.
#include <poll.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/time/clock.h"
#include "runtime/real_clock.h"
#include "workerctl/session.h"

namespace {

std::string EnvironmentOr(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

bool ReaderIsGone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

// With SIGPIPE as usual a closed pipe has ended the process already. A parent that ignores it (Python's does)
// leaves an error, which is no more than that the reader has seen enough.
int AfterOutput(int exit_code) {
  std::cout.flush();
  if (!std::cout.fail() || ReaderIsGone()) return exit_code;
  std::cerr << "workerctl: cannot write the output (is the disk full?)\n";
  return exit_code == muster::ctl::kOk ? muster::ctl::kRefused : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");    // widths of characters; all our text is UTF-8
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // what goes wrong is told in our own words
  std::ios::sync_with_stdio(false);
  std::error_code ignored;
  const muster::RealClock clock;
  muster::ctl::Surroundings surroundings{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .clock = clock,
      .wait = absl::SleepFor,
      .terminal = [](bool no_colour) { return muster::ctl::DetectTerminal(STDOUT_FILENO, no_colour); },
      .server = EnvironmentOr("MUSTER_SERVER", ""),
      .executable = std::filesystem::read_symlink("/proc/self/exe", ignored).string(),
  };
  return AfterOutput(
      muster::ctl::RunWorkerctl(std::vector<std::string>(argv + 1, argv + argc), surroundings));
}

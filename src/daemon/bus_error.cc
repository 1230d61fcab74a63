#include "daemon/bus_error.h"

#include <unistd.h>

#include <csignal>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "daemon/sources.h"

namespace muster::daemon {
namespace {

// Made in advance: a handler may not allocate. Never freed.
const char* words = nullptr;
std::size_t length = 0;

void OnBusError(int number, siginfo_t* info, void* /*context*/) {
  if (info->si_code != BUS_ADRERR) {  // not a file: a fault in the program
    ::signal(number, SIG_DFL);
    ::raise(number);
    return;
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, words, length);
  ::_exit(kExitDisk);
}

}  // namespace

void SayBusErrors(const std::string& store) {
  static const std::string& text =
      *new std::string(absl::StrCat("musterd: SIGBUS: a file that is mapped into memory was cut off while it "
                                    "was open, or its disk cannot be read. "
                                    "With the store ",
                                    store,
                                    " this is its -shm file. Nothing that was answered with OK is lost; "
                                    "start again. See docs/database.md.\n"));
  words = text.data();
  length = text.size();
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace muster::daemon

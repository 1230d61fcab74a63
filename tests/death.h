// How a process ends that breaks a precondition.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "catch.h"

namespace muster::testing {

struct Death {
  int signal = 0;    // that ended the process; 0 if it lived
  std::string said;  // on standard error
};

/// Runs `act` in a child. It may use no lock that other threads of this process may hold.
template <typename Act>
Death DeathOf(Act act) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, SIG_DFL);  // not the test program's
    ::alarm(30);
    ::dup2(ends[1], STDERR_FILENO);
    act();
    ::_exit(0);
  }
  ::close(ends[1]);
  Death death;
  char bytes[512];
  for (ssize_t got; (got = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
    death.said.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  return death;
}

/// It aborts, and says which precondition was broken.
template <typename Act>
void CheckDies(Act act, const std::string& message) {
  const Death death = DeathOf(act);
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find("check failed at ") == 0);
  CHECK(death.said.find(": " + message + "\n") != std::string::npos);
}

}  // namespace muster::testing

// Ctrl-C for a command that has something to clean up: it ends what is waited for, not the process.
//
// While an Interrupt lives, SIGINT, SIGTERM and SIGHUP are blocked in this thread and in those it starts, and
// are seen here. So is SIGPIPE: a write to a closed pipe fails, and the signal comes when all is cleaned up
// and the Interrupt is gone. Make it before anything that starts threads (a Connection does). One at a time,
// from one thread.
#pragma once

#include <signal.h>

#include "absl/time/time.h"

namespace muster::ctl {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Waits; false if a signal came, before or meanwhile.
  bool WaitFor(absl::Duration duration);
  bool Requested() { return !WaitFor(absl::ZeroDuration()); }

 private:
  sigset_t taken_;
  sigset_t before_;  // the signal mask to go back to
  bool requested_ = false;
};

}  // namespace muster::ctl

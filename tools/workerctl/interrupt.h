// Ctrl-C for commands that have something to clean up: instead of ending the process, it ends what is waited
// for.
//
// While an Interrupt lives, SIGINT, SIGTERM and SIGHUP are blocked in this thread and in those it starts, and
// one thread of the Interrupt takes them. So is SIGPIPE, which nobody takes: a write to a closed pipe fails,
// and the signal comes when the Interrupt is gone and all is cleaned up. Make it before anything else that
// starts threads (a Connection does). At most one at a time.
#pragma once

#include <grpcpp/client_context.h>
#include <signal.h>

#include <thread>

#include "absl/time/time.h"
#include "runtime/mutex.h"

namespace muster::ctl {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool Requested() const;

  /// Waits; false if it was interrupted, before or meanwhile.
  bool WaitFor(absl::Duration duration);

  /// The call to cancel when the signal comes; null for none. From one thread at a time.
  void Watch(grpc::ClientContext* call);

 private:
  void Listen();

  sigset_t before_;   // the signal mask to go back to
  int signals_ = -1;  // readable when a signal came
  int fired_ = -1;    // readable from the first signal on
  int stop_ = -1;     // readable when the thread shall end
  Mutex mu_;
  grpc::ClientContext* watched_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace muster::ctl

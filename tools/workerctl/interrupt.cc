#include "workerctl/interrupt.h"

#include <ctime>

namespace muster::ctl {

Interrupt::Interrupt() {
  sigemptyset(&taken_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&taken_, signal);
  sigset_t blocked = taken_;
  sigaddset(&blocked, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

Interrupt::~Interrupt() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::WaitFor(absl::Duration duration) {
  const timespec time = absl::ToTimespec(duration);
  if (!requested_) requested_ = ::sigtimedwait(&taken_, nullptr, &time) > 0;
  return !requested_;
}

}  // namespace muster::ctl

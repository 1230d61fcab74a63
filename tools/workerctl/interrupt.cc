#include "workerctl/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace muster::ctl {
namespace {

void Fire(int event) {
  const std::uint64_t one = 1;
  (void)!::write(event, &one, sizeof one);
}

bool IsReadable(int fd, int timeout_ms) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, timeout_ms) > 0;
}

}  // namespace

Interrupt::Interrupt() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&taken, signal);
  sigset_t blocked = taken;
  sigaddset(&blocked, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  signals_ = ::signalfd(-1, &taken, SFD_CLOEXEC);
  fired_ = ::eventfd(0, EFD_CLOEXEC);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { Listen(); });
}

Interrupt::~Interrupt() {
  Fire(stop_);
  thread_.join();
  for (const int fd : {signals_, fired_, stop_}) ::close(fd);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::Requested() const {
  return IsReadable(fired_, 0);
}

bool Interrupt::WaitFor(absl::Duration duration) {
  const auto milliseconds = absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)));
  constexpr std::int64_t kMax = std::numeric_limits<int>::max();
  return !IsReadable(fired_, static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, kMax)));
}

void Interrupt::Watch(grpc::ClientContext* call) {
  const MutexLock lock(mu_);
  watched_ = call;
}

void Interrupt::Listen() {
  for (;;) {
    pollfd ready[] = {{signals_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    Fire(fired_);
    const MutexLock lock(mu_);
    if (watched_ != nullptr) watched_->TryCancel();
  }
}

}  // namespace muster::ctl

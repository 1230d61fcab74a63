#include "daemon/signals.h"

#include <pthread.h>
#include <unistd.h>

#include "daemon/sources.h"
#include "runtime/log.h"

namespace muster::daemon {
namespace {

// Ends the thread. No other code in the process uses this signal.
constexpr int kEndThread = SIGUSR2;
// StopBecause was called.
constexpr int kStopNow = SIGUSR1;

}  // namespace

Signals::Signals(absl::Duration grace) : grace_(grace) {
  ::sigemptyset(&watched_);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, kStopNow, kEndThread}) ::sigaddset(&watched_, each);
  ::pthread_sigmask(SIG_BLOCK, &watched_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write
  thread_ = std::thread([this] { Run(); });
}

Signals::~Signals() {
  ::pthread_kill(thread_.native_handle(), kEndThread);
  thread_.join();
}

SignalEvent Signals::Next() {
  const MutexLock lock(mu_);
  while (events_.empty()) added_.WaitWithTimeout(mu_, absl::InfiniteDuration());
  const SignalEvent event = events_.front();
  events_.pop_front();
  return event;
}

bool Signals::StopsWithin(absl::Duration time) {
  const MutexLock lock(mu_);
  if (!stops_) added_.WaitWithTimeout(mu_, time);
  return stops_;
}

void Signals::StopBecause(int exit_code) {
  int none = 0;
  if (exit_code_.compare_exchange_strong(none, exit_code)) ::pthread_kill(thread_.native_handle(), kStopNow);
}

void Signals::Add(SignalEvent event) {
  const MutexLock lock(mu_);
  events_.push_back(event);
  stops_ = stops_ || event == SignalEvent::kStop;
  added_.Signal();
}

void Signals::Run() {
  for (;;) {
    int signal = 0;
    if (::sigwait(&watched_, &signal) != 0) continue;
    if (signal == kEndThread) return;
    if (signal == SIGHUP) {
      Add(SignalEvent::kReload);
      continue;
    }
    if (signal != kStopNow) Log(LogLevel::kInfo, "stopping", {{"signal", signal == SIGINT ? "INT" : "TERM"}});
    Add(SignalEvent::kStop);
    return WatchTheStop();
  }
}

void Signals::WatchTheStop() {
  sigset_t ends = watched_;
  for (const int each : {SIGHUP, kStopNow}) ::sigdelset(&ends, each);
  const timespec grace = absl::ToTimespec(grace_);
  const int signal = ::sigtimedwait(&ends, nullptr, &grace);
  if (signal == kEndThread) return;
  if (signal < 0) {
    Log(LogLevel::kError, "not stopped in time: leaving at once", {{"after", absl::FormatDuration(grace_)}});
  } else {
    Log(LogLevel::kWarning, "a second signal: leaving at once");
  }
  (void)FlushLog(kLogPatience);
  ::_exit(exit_code_.load() != 0 ? exit_code_.load() : kExitRuntime);
}

}  // namespace muster::daemon

// Signals as events, which the main thread takes one by one. So no handler interrupts other code.
#pragma once

#include <atomic>
#include <csignal>
#include <deque>
#include <thread>

#include "absl/time/time.h"
#include "runtime/mutex.h"

namespace muster::daemon {

enum class SignalEvent { kReload, kStop };

/// Construct it before any other thread starts, so that only its own thread receives the signals.
///
/// After the first kStop the process has `grace` to end by itself. After that time, or at a second signal,
/// this class ends it at once with exit code 1, or the one of StopBecause. The store survives that as it
/// survives a power cut.
class Signals {
 public:
  explicit Signals(absl::Duration grace);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Waits for the next event.
  SignalEvent Next();
  /// Waits for a kStop, `time` at most, or less. Says whether it came; it stays among the events.
  bool StopsWithin(absl::Duration time);
  /// Any thread: as if a signal had come; the process is to end with this code.
  void StopBecause(int exit_code);
  /// That of StopBecause, or 0.
  int exit_code() const { return exit_code_.load(); }

 private:
  void Run();
  void Add(SignalEvent event);
  void WatchTheStop();

  const absl::Duration grace_;
  sigset_t watched_;
  Mutex mu_;
  CondVar added_;
  std::deque<SignalEvent> events_ ABSL_GUARDED_BY(mu_);
  bool stops_ ABSL_GUARDED_BY(mu_) = false;  // a kStop came
  std::atomic<int> exit_code_ = 0;
  std::thread thread_;  // last: it starts when all other members exist
};

}  // namespace muster::daemon

// Signals as events, which the main thread takes one by one. So no handler interrupts other code.
#pragma once

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
/// this class ends it at once with exit code 1. The store survives that as it survives a power cut.
class Signals {
 public:
  explicit Signals(absl::Duration grace);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Waits for the next event.
  SignalEvent Next();

 private:
  void Run();
  void Add(SignalEvent event);
  void WatchTheStop();

  const absl::Duration grace_;
  sigset_t watched_;
  Mutex mu_;
  CondVar added_;
  std::deque<SignalEvent> events_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;  // last: it starts when all other members exist
};

}  // namespace muster::daemon

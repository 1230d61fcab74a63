// Signals, as events that the main thread takes one by one: no handler runs in the middle of anything.
#pragma once

#include <csignal>
#include <deque>
#include <thread>

#include "absl/time/time.h"
#include "runtime/mutex.h"

namespace muster::daemon {

enum class SignalEvent { kReload, kStop };

/// Construct before any other thread is started, so that all of them leave the signals to this one.
///
/// After the first kStop the process has `grace` to end by itself; then, or at a second signal, it is ended
/// here at once with exit code 1. The store survives that as it survives a power cut.
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
  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace muster::daemon

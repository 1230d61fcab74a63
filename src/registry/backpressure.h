// Holds a thread that reads calls while the writer's queue is long, so that unread calls stay in the clients'
// sockets.
//
// Where cores are scarce, a reading thread takes CPU time from the writer, which answers. It would read all
// calls that the clients have sent: thousands of calls, which wait in memory until no cache holds them any
// more, and then cost half as much again. HTTP/2 and TCP make the clients wait instead.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "runtime/mutex.h"

namespace muster {

class Backpressure {
 public:
  /// A batch of so many commands is large enough: the share of each command in the commit is next to nothing.
  static constexpr int kHighWater = 500;
  /// A writer that takes no commands for longer waits for the disk. Then it is not short of cores, and the
  /// next batch should be as large as possible.
  static constexpr absl::Duration kMaxHold = absl::Milliseconds(10);

  /// `max_hold`: one call of Hold takes no longer.
  explicit Backpressure(absl::Duration max_hold = kMaxHold) : max_hold_(max_hold) {}

  // Any thread.

  /// One more command waits.
  void OnSubmit() { waiting_.fetch_add(1, std::memory_order_relaxed); }
  /// Returns at once if few commands wait; else when the writer has taken them, or after `max_hold`. True: it
  /// had to wait. Not for the writer's thread.
  bool Hold() { return waiting_.load(std::memory_order_relaxed) >= kHighWater && WaitUntilTaken(); }

  // The writer's thread.

  /// The writer took all commands that waited.
  void OnDrained() {
    if (waiting_.exchange(0, std::memory_order_relaxed) < kHighWater) return;
    const MutexLock lock(mu_);
    ++turns_;
    held_long_enough_ = false;
    taken_.SignalAll();
  }

 private:
  bool WaitUntilTaken() {
    const MutexLock lock(mu_);
    // With the lock held, OnDrained has either set waiting_ to 0 already, or it will signal.
    if (held_long_enough_ || waiting_.load(std::memory_order_relaxed) < kHighWater) return false;
    const std::int64_t turn = turns_;
    taken_.WaitWithTimeout(mu_, max_hold_);
    if (turns_ == turn) held_long_enough_ = true;
    return true;
  }

  const absl::Duration max_hold_;
  alignas(64) std::atomic<int> waiting_ = 0;
  Mutex mu_;
  CondVar taken_;
  std::int64_t turns_ ABSL_GUARDED_BY(mu_) = 0;         // turns of the writer that found kHighWater or more
  bool held_long_enough_ ABSL_GUARDED_BY(mu_) = false;  // since the writer took any
};

}  // namespace muster

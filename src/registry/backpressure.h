// Holds a thread that reads calls while the writer's queue is long, so that unread calls stay in the clients'
// sockets.
//
// Where cores are scarce, a reading thread takes them from the writer, which answers. It would read all that
// the clients have sent: thousands of calls, which wait in memory until they are in no cache any more and
// cost half as much again. HTTP/2 and TCP make the clients wait instead.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "runtime/mutex.h"

namespace muster {

class Backpressure {
 public:
  /// So many commands make a batch in which a commit costs each next to nothing.
  static constexpr int kHighWater = 500;
  /// A writer that takes none for longer waits for the disk: it is not short of cores, and the more gather
  /// meanwhile the better.
  static constexpr absl::Duration kMaxHold = absl::Milliseconds(10);

  /// `max_hold`: the longest that one call of Hold takes.
  explicit Backpressure(absl::Duration max_hold = kMaxHold) : max_hold_(max_hold) {}

  // Any thread.

  /// One more command waits.
  void OnSubmit() { waiting_.fetch_add(1, std::memory_order_relaxed); }
  /// Returns at once where few wait; else when the writer has taken them, or after `max_hold`. True: it had
  /// to wait. Not for the writer's thread.
  bool Hold() { return waiting_.load(std::memory_order_relaxed) >= kHighWater && WaitUntilTaken(); }

  // The writer's thread.

  /// It took all that waited.
  void OnDrained();

 private:
  bool WaitUntilTaken();

  const absl::Duration max_hold_;
  alignas(64) std::atomic<int> waiting_ = 0;
  Mutex mu_;
  CondVar taken_;
  std::int64_t turns_ ABSL_GUARDED_BY(mu_) = 0;         // that found enough
  bool held_long_enough_ ABSL_GUARDED_BY(mu_) = false;  // since the writer took any
};

}  // namespace muster

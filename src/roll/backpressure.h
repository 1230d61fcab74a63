// Holds back who reads calls, while more commands wait than the writer can do with.
//
// Where cores are scarce, who reads takes them from the writer who answers. Left alone, he reads all that the
// clients have sent: thousands of calls, which wait in memory until they are in no cache any more and cost
// half as much again. What he does not read waits at the clients instead; HTTP/2 and TCP see to that.
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
  static constexpr int kEnough = 500;
  /// A writer that takes none for longer waits for the disk: it is not short of cores, and the more gather
  /// meanwhile the better.
  static constexpr absl::Duration kMostHold = absl::Milliseconds(10);

  // Any thread.

  /// One more command waits.
  void Came() { waiting_.fetch_add(1, std::memory_order_relaxed); }
  /// Returns at once where few wait; else when the writer has taken them, or after kMostHold. Not for the
  /// writer's thread.
  void Hold() {
    if (waiting_.load(std::memory_order_relaxed) >= kEnough) WaitUntilTaken();
  }

  // The writer's thread.

  /// It took all that waited.
  void Taken();

 private:
  void WaitUntilTaken();

  alignas(64) std::atomic<int> waiting_ = 0;
  Mutex mu_;
  CondVar taken_;
  std::int64_t turns_ ABSL_GUARDED_BY(mu_) = 0;         // that found enough
  bool held_long_enough_ ABSL_GUARDED_BY(mu_) = false;  // since the writer took any
};

}  // namespace muster

#include "registry/backpressure.h"

namespace muster {

bool Backpressure::WaitUntilTaken() {
  const MutexLock lock(mu_);
  // Here Taken has either set it to 0 already, or will signal.
  if (held_long_enough_ || waiting_.load(std::memory_order_relaxed) < kHighWater) return false;
  const std::int64_t turn = turns_;
  taken_.WaitWithTimeout(mu_, max_hold_);
  if (turns_ == turn) held_long_enough_ = true;
  return true;
}

void Backpressure::OnDrained() {
  if (waiting_.exchange(0, std::memory_order_relaxed) < kHighWater) return;
  const MutexLock lock(mu_);
  ++turns_;
  held_long_enough_ = false;
  taken_.SignalAll();
}

}  // namespace muster

// A clock that only a test or a simulation moves.
#pragma once

#include "absl/time/time.h"
#include "muster/clock.h"
#include "runtime/mutex.h"

namespace muster {

/// Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time wall = absl::FromUnixSeconds(1'700'000'000)) : wall_(wall) {}

  absl::Time WallNow() const override {
    const MutexLock lock(mu_);
    return wall_;
  }
  absl::Duration MonotonicNow() const override {
    const MutexLock lock(mu_);
    return monotonic_;
  }

  /// Time passes, on both clocks.
  void Advance(absl::Duration by) {
    const MutexLock lock(mu_);
    wall_ += by;
    monotonic_ += by;
  }
  /// A step of the wall clock alone.
  void StepWall(absl::Duration by) {
    const MutexLock lock(mu_);
    wall_ += by;
  }

 private:
  mutable Mutex mu_;
  absl::Time wall_ ABSL_GUARDED_BY(mu_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mu_) = absl::Seconds(1000);
};

}  // namespace muster

// How much of its time the writer gives to the store's own work.
//
// Under load that is a tenth, and more the more work waits, up to all of it. So the waiting work is bounded,
// and heartbeats pay for it little by little instead of all at once. The steps are short on every machine: a
// store knows how much a step does, but not how long that takes here.
#pragma once

#include "absl/time/time.h"

namespace muster {

/// Used by the writer only; not thread-safe. Times are on the monotonic clock.
class MaintenancePace {
 public:
  /// How long the next step may take; zero: no step now. `backlog` is Store::Backlog; `idle`: nothing else
  /// waits.
  absl::Duration Budget(absl::Duration now, double backlog, bool idle) const;
  /// A step with that budget ran from `begin` to `end`; `more`: another step waits.
  void Stepped(absl::Duration budget, absl::Duration begin, absl::Duration end, bool more);

  /// Whether another step waits, as the last one said.
  bool more() const { return more_; }

 private:
  absl::Duration last_;  // the end of the last step
  double scale_ = 1;     // how long a step is asked to take, as a share of its planned time
  bool more_ = false;
};

}  // namespace muster

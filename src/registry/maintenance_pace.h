// How much of its time the writer gives to the store's own work.
//
// Under load a tenth of it, and more the more waits to be done, up to all of it: so what waits is bounded,
// and heartbeats pay for it by and by instead of all at once. In steps that are short whatever the machine:
// a store knows how much a step does, not how long that takes here.
#pragma once

#include "absl/time/time.h"

namespace muster {

/// The writer's; not thread-safe. Times are of the monotonic clock.
class MaintenancePace {
 public:
  /// How long the next step may take; zero: none now. `backlog` is Store::Backlog; `idle`: nothing else
  /// waits.
  absl::Duration Budget(absl::Duration now, double backlog, bool idle) const;
  /// A step of that budget was made from `begin` to `end`; `more`: another one waits.
  void Stepped(absl::Duration budget, absl::Duration begin, absl::Duration end, bool more);

  /// Whether the last step said so.
  bool more() const { return more_; }

 private:
  absl::Duration last_;  // the end of the last step
  double scale_ = 1;     // what a step does to what it was thought to do in its time
  bool more_ = false;
};

}  // namespace muster

// The machine's clocks: the only place in Muster where time is read.
#pragma once

#include "absl/time/time.h"
#include "muster/clock.h"

namespace muster {

/// Thread-safe, without state. MonotonicNow also counts while the machine sleeps, so that a sleep shows as a
/// gap in which nobody was heard, and not as nothing at all.
class RealClock final : public Clock {
 public:
  absl::Time WallNow() const override;
  absl::Duration MonotonicNow() const override;
};

}  // namespace muster

// The clocks of the machine: the only place in Muster that reads the time.
#pragma once

#include "absl/time/time.h"
#include "muster/clock.h"

namespace muster {

/// Thread-safe, without state. MonotonicNow also counts while the machine sleeps, so that a sleep shows as a
/// gap in which no worker was heard.
class RealClock final : public Clock {
 public:
  absl::Time WallNow() const override;
  absl::Duration MonotonicNow() const override;
};

}  // namespace muster

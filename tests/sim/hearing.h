// The listening clock as it should be, from what really happened: how much time has passed in which the
// workers could have been heard. The simulation knows that; the daemon has to find out.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace muster::sim {

class Hearing {
 public:
  /// So much real time passes. `hears`: whether all daemons of the roll could hear.
  void Pass(absl::Duration time, bool hears, absl::Duration timeout) {
    if (!hears) {
      deaf_ += time;
      return;
    }
    if (deaf_ > absl::ZeroDuration()) {
      allowed_ = std::max({allowed_, timeout / 3, std::min(deaf_, kLongest)});
      deaf_ = absl::ZeroDuration();
    }
    const absl::Duration paid = std::min(time, allowed_);
    allowed_ -= paid;
    now_ += time - paid;
  }
  absl::Duration now() const { return now_; }

 private:
  static constexpr absl::Duration kLongest = absl::Seconds(150);

  absl::Duration now_;
  absl::Duration deaf_;     // for so long by now
  absl::Duration allowed_;  // left of the time in which workers find their way back
};

}  // namespace muster::sim

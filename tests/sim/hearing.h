// The listening clock as it should be, from what really happened: how much time has passed in which the
// workers could have been heard. The simulation knows that; the daemon has to find out. It also knows how
// much credit for allowances a daemon can have left, but does not cut an allowance short for it.
#pragma once

#include <algorithm>
#include <vector>

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
    const absl::Duration cap = std::max(timeout / 3, kLongest);
    if (deaf_ > absl::ZeroDuration()) {
      allowed_ = std::max({allowed_, timeout / 3, std::min(deaf_, kLongest)});
      if (credit_ < std::min(cap, allowed_ + kMargin)) short_of_credit_at_ = now_;
      deaf_ = absl::ZeroDuration();
      ends_.push_back(now_);
    }
    const absl::Duration paid = std::min(time, allowed_);
    allowed_ -= paid;
    now_ += time - paid;
    credit_ = std::clamp(credit_ - paid + (time - paid) / 3, absl::ZeroDuration(), cap);
  }
  absl::Duration now() const { return now_; }
  /// How many times of deafness ended since `then`.
  std::ptrdiff_t EndsSince(absl::Duration then) const {
    return ends_.end() - std::lower_bound(ends_.begin(), ends_.end(), then);
  }
  /// When the daemon may last have had too little credit for a whole allowance.
  absl::Duration short_of_credit_at() const { return short_of_credit_at_; }

 private:
  static constexpr absl::Duration kLongest = absl::Seconds(150);
  static constexpr absl::Duration kMargin = absl::Seconds(30);  // a daemon may take a blind time for longer

  absl::Duration now_;
  absl::Duration deaf_;     // for so long by now
  absl::Duration allowed_;  // left of the time in which workers find their way back
  absl::Duration credit_ = kLongest;
  absl::Duration short_of_credit_at_ = -absl::InfiniteDuration();
  std::vector<absl::Duration> ends_;  // of times of deafness
};

}  // namespace muster::sim

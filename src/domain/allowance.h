// How long workers may take to come back after a time in which nobody could hear them, and the credit that
// bounds it. Pure.
//
// The back-off of a client grows with the outage, up to two minutes and some jitter. So the allowance grows
// with the outage too, and nothing is gained above 150 s.
#pragma once

#include "absl/time/time.h"

namespace muster {

/// max(timeout / 3, min(blind, 150 s)). An infinite `blind` is a blind time of unknown length.
absl::Duration ReconnectAllowance(absl::Duration blind, absl::Duration timeout);
/// The longest that there is: max(timeout / 3, 150 s).
absl::Duration LongestReconnectAllowance(absl::Duration timeout);

/// What is left of an allowance, and the credit from which it is paid. An allowance is paid as time passes
/// in which the workers can be heard: this time does not count as silence. A third of the time that does
/// count is earned back. So of any time that is heard, at least three quarters count once the credit (its
/// cap at most) is spent, however often an allowance begins.
class AllowanceCredit {
 public:
  AllowanceCredit() = default;
  /// `credit` and `left` as they were stored; what does not fit the cap is cut off.
  AllowanceCredit(absl::Duration credit, absl::Duration left, absl::Duration cap);

  /// An allowance that is being paid keeps its length, and the credit that it needs.
  void SetCap(absl::Duration cap);
  /// An allowance of `wanted` begins, or of as much as there is credit. One that is longer goes on instead.
  void Begin(absl::Duration wanted);
  /// `heard` has passed. Returns the part that paid for the allowance: it does not count.
  absl::Duration Pay(absl::Duration heard);
  /// `counted` was counted.
  void Earn(absl::Duration counted);
  /// Takes `cost` off the credit, as far as there is any.
  void Charge(absl::Duration cost);

  absl::Duration credit() const { return credit_; }
  absl::Duration left() const { return left_; }
  bool full() const { return credit_ >= cap_; }

 private:
  absl::Duration cap_;
  absl::Duration credit_;
  absl::Duration left_;  // never more than the credit
};

}  // namespace muster

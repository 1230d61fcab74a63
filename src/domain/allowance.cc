#include "domain/allowance.h"

#include <algorithm>

namespace muster {
namespace {

// gRPC's back-off ends at 120 s ± 20 %; the worst rest that was simulated is 144 s.
constexpr absl::Duration kLongestBackOff = absl::Seconds(150);
constexpr int kEarnedOneIn = 3;

}  // namespace

absl::Duration ReconnectAllowance(absl::Duration blind, absl::Duration timeout) {
  return std::max(timeout / 3, std::min(blind, kLongestBackOff));
}

absl::Duration LongestReconnectAllowance(absl::Duration timeout) {
  return ReconnectAllowance(absl::InfiniteDuration(), timeout);
}

AllowanceCredit::AllowanceCredit(absl::Duration credit, absl::Duration left, absl::Duration cap)
    : cap_(cap), credit_(std::clamp(credit, absl::ZeroDuration(), cap)) {
  left_ = std::clamp(left, absl::ZeroDuration(), credit_);
}

void AllowanceCredit::SetCap(absl::Duration cap) {
  cap_ = cap;
  credit_ = std::min(credit_, std::max(cap_, left_));
}

void AllowanceCredit::Begin(absl::Duration wanted) {
  left_ = std::max(left_, std::min(wanted, credit_));
}

absl::Duration AllowanceCredit::Pay(absl::Duration heard) {
  const absl::Duration paid = std::min(heard, left_);
  left_ -= paid;
  credit_ -= paid;
  return paid;
}

void AllowanceCredit::Earn(absl::Duration counted) {
  credit_ = std::min(credit_ + counted / kEarnedOneIn, std::max(cap_, left_));
}

void AllowanceCredit::Charge(absl::Duration cost) {
  credit_ = std::max(credit_ - cost, absl::ZeroDuration());
  left_ = std::min(left_, credit_);
}

}  // namespace muster

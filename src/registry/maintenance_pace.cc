#include "registry/maintenance_pace.h"

#include <algorithm>

namespace muster {
namespace {

constexpr double kMinShare = 0.1;
constexpr double kMaxShare = 0.9;
constexpr absl::Duration kShortestStep = absl::Milliseconds(1);
constexpr absl::Duration kLongestStep = absl::Milliseconds(5);
constexpr double kSmallestScale = 1.0 / 32;
constexpr double kMaxShrinking = 0.5;
constexpr double kMaxGrowing = 1.25;

double ShareFor(double backlog) {
  return std::clamp(kMinShare + (1 - kMinShare) * (2 * backlog - 1), kMinShare, kMaxShare);
}

}  // namespace

absl::Duration MaintenancePace::Budget(absl::Duration now, double backlog, bool idle) const {
  if (backlog >= 1) return scale_ * kLongestStep;
  const double share = ShareFor(backlog);
  const absl::Duration owed = (now - last_) * (share / (1 - share));
  if (idle && more_) return scale_ * kLongestStep;
  return owed < kShortestStep ? absl::ZeroDuration() : scale_ * std::min(owed, kLongestStep);
}

void MaintenancePace::Stepped(absl::Duration budget, absl::Duration begin, absl::Duration end, bool more) {
  const absl::Duration took = end - begin;
  const absl::Duration meant = budget / scale_;
  // A step after which nothing waits had little to do. It does not show how long a full step takes.
  if (took > meant || more) {
    const double fit = absl::FDivDuration(meant, std::max(took, absl::Microseconds(1)));
    scale_ = std::clamp(scale_ * std::clamp(fit, kMaxShrinking, kMaxGrowing), kSmallestScale, 1.0);
  }
  last_ = end;
  more_ = more;
}

}  // namespace muster

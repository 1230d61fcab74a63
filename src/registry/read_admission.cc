#include "registry/read_admission.h"

#include <algorithm>

namespace muster {
namespace {

constexpr double kWeightOfLatest = 1.0 / 32;

}  // namespace

std::optional<Overloaded> ReadAdmission::Refuses(absl::Duration now, std::size_t waiting,
                                                 absl::Duration first_since, std::uint64_t random) {
  const absl::Duration first_waited = waiting == 0 ? absl::ZeroDuration() : now - first_since;
  // One read for each thread may wait in any case: where every read takes long, this keeps the threads busy.
  const bool few = waiting < static_cast<std::size_t>(threads_);
  const bool too_long = !few && TimeFor(static_cast<double>(waiting) + 1) > max_wait_;
  // The lane is slower than its past shows: it may hang.
  const bool stuck = first_waited > max_wait_;
  if (!too_long && !stuck && waiting < kMaxWaiting) return std::nullopt;
  return Refusal(now, first_waited, random);
}

Overloaded ReadAdmission::Refusal(absl::Duration now, absl::Duration first_waited, std::uint64_t random) {
  if (now - second_began_ >= absl::Seconds(1)) {
    refused_before_ = now - second_began_ < absl::Seconds(2) ? refused_ : 0;
    refused_ = 0;
    second_began_ = now;
  }
  ++refused_;
  // The lane needs `owed` for all that was refused lately. After that time it has room, if nothing else
  // comes.
  const absl::Duration owed = TimeFor(static_cast<double>(refused_ + refused_before_));
  // Between half of it and one and a half times it, so that the clients do not all come back at the same
  // time.
  const double share = 0.5 + static_cast<double>(random >> 11) * 0x1p-53;
  return Overloaded{std::min(std::max({owed, first_waited, kMinRetry}) * share, kMaxRetry),
                    "too many reads are waiting"};
}

void ReadAdmission::Ended(absl::Duration took) {
  mean_ += (took - mean_) * kWeightOfLatest;
}

}  // namespace muster

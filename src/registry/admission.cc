#include "registry/admission.h"

#include <algorithm>

namespace muster {

std::optional<Overloaded> Admission::Enter(std::int64_t heartbeats, std::uint64_t random) {
  const std::int64_t units = Units(heartbeats);
  const std::int64_t limit = LimitFor(heartbeats, limit_.load(std::memory_order_relaxed));
  if (inside_.fetch_add(units, std::memory_order_relaxed) < limit) return std::nullopt;
  Leave(units);
  return Refusal(units, random);
}

std::optional<Overloaded> Admission::Refuses(std::int64_t heartbeats, std::uint64_t random) {
  const std::int64_t limit = LimitFor(heartbeats, limit_.load(std::memory_order_relaxed));
  if (inside_.load(std::memory_order_relaxed) < limit) return std::nullopt;
  return Refusal(Units(heartbeats), random);
}

Overloaded Admission::Refusal(std::int64_t units, std::uint64_t random) {
  // The writer needs `owed` for all that was refused lately. After that time it has room, if nothing else
  // comes.
  const std::int64_t turned_away =
      refused_.fetch_add(units, std::memory_order_relaxed) + refused_before_.load(std::memory_order_relaxed);
  const double limit = static_cast<double>(limit_.load(std::memory_order_relaxed));
  const absl::Duration owed = kMaxWait * (static_cast<double>(turned_away) / limit);
  // Between half of it and one and a half times it, so that the clients do not all come back at the same
  // time.
  const double share = 0.5 + static_cast<double>(random >> 11) * 0x1p-53;
  const absl::Duration most = absl::Microseconds(max_retry_micros_.load(std::memory_order_relaxed));
  return Overloaded{std::min(std::max(owed, kMinRetry) * share, most)};
}

void Admission::Configure(absl::Duration heartbeat_timeout) {
  const absl::Duration most = std::min(kMaxRetry, heartbeat_timeout / 6);
  max_retry_micros_.store(absl::ToInt64Microseconds(most), std::memory_order_relaxed);
}

void Admission::TurnEnded(absl::Duration now, absl::Duration took, std::int64_t units, bool all) {
  if (now - second_began_ >= absl::Seconds(1)) {
    const std::int64_t refused = refused_.exchange(0, std::memory_order_relaxed);
    refused_before_.store(now - second_began_ < absl::Seconds(2) ? refused : 0, std::memory_order_relaxed);
    second_began_ = now;
  }
  if (units == 0) return;
  const double at_this_pace = took > absl::ZeroDuration()
                                  ? static_cast<double>(units) * absl::FDivDuration(kMaxWait, took)
                                  : kMaxLimit;
  const std::int64_t limit = limit_.load(std::memory_order_relaxed);
  const auto shown = static_cast<std::int64_t>(std::min(at_this_pace, static_cast<double>(kMaxLimit)));
  // A turn with little work shows how long a commit takes. It does not show how slow more work would be, so
  // it can only raise the limit. One slow turn may be an exception, so it counts by half.
  const bool light = all && (took <= kMaxWait / 2 || units < kMinLimit / 2);
  const std::int64_t next = light ? std::max(limit, shown) : (limit + shown) / 2;
  limit_.store(std::clamp(next, kMinLimit, kMaxLimit), std::memory_order_relaxed);
}

}  // namespace muster

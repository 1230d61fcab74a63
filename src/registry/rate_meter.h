// How often something happened over the last minute.
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace muster {

/// Sixty buckets of a second on the monotonic clock. Not thread-safe.
class RateMeter {
 public:
  void Add(absl::Duration monotonic, std::int64_t count) {
    Advance(Second(monotonic));
    buckets_[Index(newest_)] += count;
    minute_ += count;
  }

  /// A second's share of the last minute; of the time since the first reading where that is shorter.
  double PerSecond(absl::Duration monotonic) {
    Advance(Second(monotonic));
    const std::int64_t seconds = newest_ - oldest_ + 1;
    return static_cast<double>(minute_) / static_cast<double>(seconds);
  }

 private:
  static constexpr std::int64_t kSeconds = 60;
  static std::int64_t Second(absl::Duration monotonic) { return absl::ToInt64Seconds(monotonic); }
  static std::size_t Index(std::int64_t second) { return static_cast<std::size_t>(second % kSeconds); }

  void Advance(std::int64_t second) {
    if (newest_ < 0) newest_ = oldest_ = second;
    if (second - newest_ >= kSeconds) {
      buckets_.fill(0);
      minute_ = 0;
      newest_ = second;
    }
    while (newest_ < second) {
      ++newest_;
      minute_ -= buckets_[Index(newest_)];
      buckets_[Index(newest_)] = 0;
    }
    if (newest_ - oldest_ >= kSeconds) oldest_ = newest_ - kSeconds + 1;
  }

  std::array<std::int64_t, kSeconds> buckets_ = {};
  std::int64_t minute_ = 0;
  std::int64_t newest_ = -1;
  std::int64_t oldest_ = -1;
};

}  // namespace muster

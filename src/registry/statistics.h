// What the writer counts: how often heartbeats come, and how good the detection of silence is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "muster/clock.h"

namespace muster {

/// How often something happened over the last minute: sixty buckets of a second on the monotonic clock. Not
/// thread-safe.
class RateMeter {
 public:
  void Add(absl::Duration monotonic, std::int64_t count) {
    Advance(Second(monotonic));
    buckets_[Index(newest_)] += count;
    minute_ += count;
  }

  /// The average rate over the last minute, or over the time since the first reading where that is shorter.
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

/// How good the detection of silence is: what it found, how late, and how often it was wrong. Not
/// thread-safe. Remembers the names of the latest kMaxRemembered workers only, so its memory is bounded. If a
/// step moves more workers than its sweep names, the count of flaps is too low.
class DetectionStats {
 public:
  static constexpr std::size_t kMaxRemembered = 50'000;
  /// A worker that is called Offline twice within this many timeouts flaps.
  static constexpr int kFlapTimeouts = 10;

  /// Stale detection moved `count` workers, `ids` among them. The worst detection was late by `worst`.
  void CalledOffline(std::int64_t count, absl::Span<const std::string> ids, absl::Duration worst,
                     ListeningTime now, absl::Duration timeout);
  /// Reactivation found `count` workers that were heard again within one timeout of being called Offline.
  void CameBackInTime(std::int64_t count) { false_offlines_ += count; }

  std::int64_t offline_detected() const { return offline_detected_; }
  std::int64_t false_offlines() const { return false_offlines_; }
  std::int64_t flaps() const { return flaps_; }
  absl::Duration worst_latency() const { return worst_latency_; }

 private:
  std::int64_t offline_detected_ = 0;
  std::int64_t false_offlines_ = 0;
  std::int64_t flaps_ = 0;
  absl::Duration worst_latency_;
  absl::flat_hash_map<std::string, ListeningTime> called_at_;
  // The entries of called_at_, oldest first; may hold outdated entries.
  std::deque<std::pair<std::string, ListeningTime>> order_;
};

}  // namespace muster

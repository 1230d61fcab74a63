// How good the detection of silence is: what it found, how late, and how often it was wrong.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "muster/clock.h"

namespace muster {

/// Not thread-safe. Remembers at most kMaxRemembered workers by name, the latest, so its memory is bounded;
/// what it says of a single worker is an undercount where more are moved at once than a sweep names.
class DetectionStats {
 public:
  static constexpr std::size_t kMaxRemembered = 50'000;
  /// A worker that is called Offline twice within this many timeouts flaps.
  static constexpr int kFlapTimeouts = 10;

  /// Stale detection moved `count` workers, `ids` among them; the latest was found `worst` after its time.
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
  std::deque<std::pair<std::string, ListeningTime>>
      order_;  // of called_at_, oldest first; may hold outdated ones
};

}  // namespace muster

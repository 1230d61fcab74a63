// The settings of liveness and pacing, and which of them contradict each other.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster {

/// The settings of the rules. A plain value; may be replaced while the roll runs.
struct Settings {
  /// An Active worker that is silent for so long is called Offline; by a longer one, if that was in force
  /// when it was last heard, or is at another daemon of the roll.
  absl::Duration heartbeat_timeout = absl::Minutes(2);

  /// How often each job runs.
  absl::Duration activation_interval = absl::Seconds(10);
  absl::Duration stale_interval = absl::Seconds(30);
  absl::Duration reactivation_interval = absl::Seconds(30);

  /// Pacing: the shortest interval between heartbeats that is advised, and the rate that longer advised
  /// intervals keep the whole fleet below. Unset: 10 s, or a third of the timeout where that is shorter.
  std::optional<absl::Duration> min_heartbeat_interval;
  double max_heartbeats_per_second = 50'000;

  /// The mass-failure guard: a sweep that would move more than this share of a region's Active workers holds
  /// the region for one timeout. Regions with fewer Active workers than the minimum are not guarded.
  double guard_share = 0.5;
  int guard_min_workers = 10;

  absl::Duration EffectiveMinInterval() const;
  /// The longest interval that is ever advised: a worker may lose two heartbeats and is still heard in time.
  absl::Duration MaxInterval() const { return heartbeat_timeout / 3; }
};

/// What is wrong with the settings and what to change; nothing if they are valid.
std::optional<std::string> Validate(const Settings& settings);

}  // namespace muster

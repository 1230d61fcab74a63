// The settings of liveness and pacing, and which of them make no sense together.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster {

/// What the rules run by. A plain value; may be replaced while the roll runs.
struct Settings {
  /// Silence after which an Active worker is called Offline.
  absl::Duration heartbeat_timeout = absl::Minutes(2);

  /// How often each job runs.
  absl::Duration activation_interval = absl::Seconds(10);
  absl::Duration stale_interval = absl::Seconds(30);
  absl::Duration reactivation_interval = absl::Seconds(30);

  /// Pacing: the shortest interval that heartbeats are advised, and the rate that the fleet as a whole
  /// is held to by longer advice. Unset: 10 s, or a third of the timeout where that is shorter.
  std::optional<absl::Duration> min_heartbeat_interval;
  double max_heartbeats_per_second = 50'000;

  /// The mass-failure guard: a sweep that would take more than this share of a region's Active workers
  /// holds the region for one timeout. Regions with fewer Active workers than the minimum are not guarded.
  double guard_share = 0.5;
  int guard_min_workers = 10;

  absl::Duration EffectiveMinInterval() const;
  /// The longest interval that is ever advised: a worker may lose two heartbeats and still be heard in time.
  absl::Duration MaxInterval() const { return heartbeat_timeout / 3; }
  /// After a time in which the daemon could not hear: how long workers get to find their way back.
  absl::Duration ReconnectAllowance() const { return heartbeat_timeout / 3; }
};

/// What is wrong with the settings and what to change, or nothing.
std::optional<std::string> Validate(const Settings& settings);

}  // namespace muster

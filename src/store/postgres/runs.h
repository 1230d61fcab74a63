// Whose run of jobs is under way, as the row of the roll says. Two runs never overlap.
//
// The first step of a run that has anything to stage claims the run, and each such step counts its number up.
// A run of another daemon is over when its number stands still for several looks. Used by the writer's
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "store/postgres/daemon_group.h"
#include "store/postgres/registry_row.h"

namespace muster::postgres {

class Runs {
 public:
  /// `daemon`: the id of this one.
  explicit Runs(std::string daemon) : daemon_(std::move(daemon)) {}

  void SetTick(absl::Duration tick) { tick_ = tick; }

  /// Whether a step of this daemon's run may go on. Precondition: the row is locked.
  bool MayGoOn(const RegistryRow& registry) {
    return registry.runner.empty() || registry.runner == daemon_ ||
           runner_.Look(registry.runner, registry.runner_beat) >= TicksUntilLost(tick_);
  }
  /// What a step that goes on writes into the row.
  void Claim(RegistryRow& registry) const {
    registry.runner = daemon_;
    ++registry.runner_beat;
  }

 private:
  const std::string daemon_;
  absl::Duration tick_ = absl::Seconds(1);
  StandsStill runner_;
};

}  // namespace muster::postgres

// What the three sweeps share. Private to the use cases.
#pragma once

#include <memory>
#include <string>

#include "domain/told_timeouts.h"
#include "muster/settings.h"
#include "muster/sweeps.h"
#include "muster/worker.h"

namespace muster {

std::unique_ptr<Sweep> NewActivationSweep();
std::unique_ptr<Sweep> NewStaleSweep();
std::unique_ptr<Sweep> NewReactivationSweep();

/// By what workers are judged: what the roll says, and no less than the daemon's own timeout. So a timeout
/// that could not be stored yet makes no limit shorter.
RollTimeouts JudgedBy(const WriteTx& tx, const Settings& settings);

/// The actor of a job's events.
std::string ActorOf(Job job);

/// Counts a worker that moved, and adds its name while there is room.
void CountMoved(SweepReport& report, const Worker& worker);

/// A duration for people: "2m3.5s", to the millisecond.
std::string FormatSilence(absl::Duration duration);

/// A step was the last one if it found fewer workers than its limit, or could move none of them.
inline bool LastStep(std::size_t found, std::int64_t moved, int limit) {
  return found < static_cast<std::size_t>(limit) || moved == 0;
}

}  // namespace muster

// The mass-failure guard: what a sweep does with a region in which many workers fell silent at once. Pure.
//
// If all workers of a region fall silent together, the cause is more often a broken network than broken
// workers. So such a region is held for one more timeout, once: when the hold is over, the sweep goes ahead
// in any case.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/clock.h"
#include "muster/settings.h"

namespace muster {

enum class GuardVerdict : std::uint8_t {
  kTake,       // not held: call its silent workers Offline
  kHold,       // too many at once: hold it from now on
  kKeepHeld,   // the hold continues
  kRecovered,  // held, but no more than the share is silent now: end the hold, call those Offline
  kHoldOver,   // the hold has lasted its time: end it, call all silent workers Offline
};

/// `held_until`: the end of the region's hold, if there is one.
GuardVerdict Guard(std::int64_t active, std::int64_t silent, std::optional<ListeningTime> held_until,
                   ListeningTime now, const Settings& settings);

}  // namespace muster

// The mass-failure guard: what a sweep does with a region in which many fell silent at once. Pure.
//
// Every worker of a region falling silent together is more often a broken network than a broken region. So
// such a region is held for one more timeout, once: when the hold is over, the sweep goes ahead whatever it
// finds.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/clock.h"
#include "muster/settings.h"

namespace muster {

enum class GuardVerdict : std::uint8_t {
  kTake,       // not held: call its silent workers Offline
  kHold,       // too many at once: hold it from now on
  kKeepHeld,   // the hold lasts
  kRecovered,  // held, but no more than the share is silent by now: end the hold, take those
  kHoldOver,   // the hold has lasted its time: end it, take all that are silent
};

/// Whether a sweep that takes `silent` of `active` takes more than the guard lets pass.
bool MassFailure(std::int64_t active, std::int64_t silent, const Settings& settings);

/// `held_until`: the end of the region's hold, if there is one.
GuardVerdict Guard(std::int64_t active, std::int64_t silent, std::optional<ListeningTime> held_until,
                   ListeningTime now, const Settings& settings);

}  // namespace muster

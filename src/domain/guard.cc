#include "domain/guard.h"

namespace muster {
namespace {

// Whether a sweep that moves `silent` of `active` workers moves more than the guard allows.
bool MassFailure(std::int64_t active, std::int64_t silent, const Settings& settings) {
  return active >= settings.guard_min_workers &&
         static_cast<double>(silent) > settings.guard_share * static_cast<double>(active);
}

}  // namespace

GuardVerdict Guard(std::int64_t active, std::int64_t silent, std::optional<ListeningTime> held_until,
                   ListeningTime now, const Settings& settings) {
  const bool too_many = MassFailure(active, silent, settings);
  if (!held_until) return too_many ? GuardVerdict::kHold : GuardVerdict::kTake;
  if (!too_many) return GuardVerdict::kRecovered;
  return now < *held_until ? GuardVerdict::kKeepHeld : GuardVerdict::kHoldOver;
}

}  // namespace muster

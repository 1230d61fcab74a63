// Alive or silent: each rule in one place. Pure functions of a worker, its pulse and a moment of the
// listening clock; wall time is not used.
//
// The stores answer the questions of the sweeps (store/store.h) with the constexpr functions of this file.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// From when silence is counted: the later of the last heartbeat and the moment when it became Active by
/// hand; the birth of the roll if there is neither. This is the one place of the rule: the model in memory
/// calls it, and a test compares PostgreSQL's copy (store/postgres/queries.cc) with it.
constexpr ListeningTime SilenceReference(const std::optional<ListeningTime>& activated_by_hand_at,
                                         const std::optional<ListeningTime>& heard_at) {
  const ListeningTime by_hand = activated_by_hand_at.value_or(ListeningTime());
  const ListeningTime heard = heard_at.value_or(ListeningTime());
  return by_hand < heard ? heard : by_hand;
}

/// Silent for the timeout or longer: `cutoff` is StaleCutoff of the moment that counts.
constexpr bool IsStale(ListeningTime reference, ListeningTime cutoff) {
  return reference <= cutoff;
}

/// Heard since it registered: it has more heartbeats now than it had then.
constexpr bool HeardSinceRegistered(std::int64_t heartbeats, std::int64_t heartbeats_before) {
  return heartbeats > heartbeats_before;
}

/// The last heartbeat itself is fresh: an activation by hand does not bring a worker back.
constexpr bool HeardAfter(const std::optional<ListeningTime>& heard_at, ListeningTime cutoff) {
  return heard_at && *heard_at > cutoff;
}

/// When it was last heard; nothing if it never was.
constexpr std::optional<ListeningTime> HeardAt(const Pulse& pulse) {
  return pulse.total > 0 ? std::optional(pulse.heard_at) : std::nullopt;
}

/// How long it has been silent; nothing without a reference.
std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now);

/// Silent for less than the timeout. Exactly the timeout is stale, and so is a worker that was neither heard
/// nor activated by hand.
bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, absl::Duration timeout);

/// What happened at or before this moment is stale at `now`; what happened after it is fresh.
inline ListeningTime StaleCutoff(ListeningTime now, absl::Duration timeout) {
  return now - timeout;
}

/// Pending, and heard since it registered.
bool ActivationApplies(const WorkerView& view);
/// Active, and stale.
bool StaleDetectionApplies(const WorkerView& view, ListeningTime cutoff);
/// Offline, and heard after the cutoff.
bool ReactivationApplies(const WorkerView& view, ListeningTime cutoff);

/// Stale detection called it Offline, and a heartbeat came within one timeout after that: it was not dead.
bool FalselyCalledOffline(const WorkerView& view, absl::Duration timeout);

/// How late stale detection finds it: the time since its silence reached the timeout.
absl::Duration DetectionLatency(const WorkerView& view, ListeningTime now, absl::Duration timeout);

}  // namespace muster

// Alive or silent: each rule in one place. Pure functions of a worker, its pulse and a moment of the
// listening clock; wall time is not used.
//
// The stores answer the questions of the sweeps (store/store.h) with the constexpr functions of this file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/time/time.h"
#include "domain/told_timeouts.h"
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

/// Silent for its limit or longer: `stale` are the ranges of told_timeouts.h. The heartbeat and the
/// activation by hand have each its own limit, and the later of them, and the heartbeat, must be stale. So a
/// worker that is stale is not freshly heard, and one that is freshly heard is not stale: no job undoes what
/// another did.
constexpr bool IsStale(const std::optional<ListeningTime>& activated_by_hand_at,
                       const std::optional<ListeningTime>& heard_at, std::span<const ReferenceRange> stale) {
  return Contains(stale, SilenceReference(activated_by_hand_at, heard_at)) &&
         (!heard_at || Contains(stale, *heard_at));
}

/// Heard since it registered: it has more heartbeats now than it had then.
constexpr bool HeardSinceRegistered(std::int64_t heartbeats, std::int64_t heartbeats_before) {
  return heartbeats > heartbeats_before;
}

/// The last heartbeat itself is fresh: an activation by hand does not bring a worker back.
constexpr bool IsFreshlyHeard(const std::optional<ListeningTime>& heard_at,
                              std::span<const ReferenceRange> stale) {
  return heard_at && !Contains(stale, *heard_at);
}

/// When it was last heard; nothing if it never was.
constexpr std::optional<ListeningTime> HeardAt(const Pulse& pulse) {
  return pulse.total > 0 ? std::optional(pulse.heard_at) : std::nullopt;
}

/// How long it has been silent; nothing without a reference.
std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now);

/// What decides when a worker becomes stale: at `since` + `limit`.
struct Silence {
  ListeningTime since;
  absl::Duration limit;
};
/// Nothing without a reference.
std::optional<Silence> SilenceOf(const Worker& worker, const Pulse& pulse, const RollTimeouts& timeouts);

/// Silent for less than its limit. Exactly the limit is stale, and so is a worker that was neither heard nor
/// activated by hand.
bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, const RollTimeouts& timeouts);

/// Pending, and heard since it registered.
bool ActivationApplies(const WorkerView& view);
/// Active, and stale.
bool StaleDetectionApplies(const WorkerView& view, std::span<const ReferenceRange> stale);
/// Offline, and freshly heard.
bool ReactivationApplies(const WorkerView& view, std::span<const ReferenceRange> stale);

/// Stale detection called it Offline, and a heartbeat came within one timeout after that, by its limit then:
/// it was not dead.
bool FalselyCalledOffline(const WorkerView& view, const RollTimeouts& timeouts);

}  // namespace muster

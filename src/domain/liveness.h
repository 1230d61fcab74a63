// Alive or silent: the rules, each in one place. Pure functions of a worker, its pulse and a moment of the
// listening clock; wall time plays no part.
//
// The stores answer the sweeps' questions by the same rules (store/store.h); the conformance suite holds them
// together.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// From when silence is counted: the later of the last heartbeat and the moment it entered Active by hand.
/// Nothing if neither ever was.
std::optional<ListeningTime> Reference(const Worker& worker, const Pulse& pulse);

/// How long it has been silent; nothing without a reference.
std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now);

/// Silent for less than the timeout. Exactly the timeout is stale, and so is a worker without a reference.
bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, absl::Duration timeout);
inline bool Stale(const Worker& worker, const Pulse& pulse, ListeningTime now, absl::Duration timeout) {
  return !Fresh(worker, pulse, now, timeout);
}

/// What happened at or before this moment is stale at `now`; what happened after it is fresh.
inline ListeningTime StaleCutoff(ListeningTime now, absl::Duration timeout) {
  return now - timeout;
}

/// Pending, and heard since it registered.
bool ActivationApplies(const WorkerView& view);
/// Active, and stale.
bool StaleDetectionApplies(const WorkerView& view, ListeningTime cutoff);
/// Offline, and its last heartbeat itself is fresh: having been activated by hand does not bring it back.
bool ReactivationApplies(const WorkerView& view, ListeningTime cutoff);

/// Stale detection called it Offline, and a heartbeat came within one timeout of that: it was not dead.
bool FalselyCalledOffline(const WorkerView& view, absl::Duration timeout);

/// How late stale detection finds it: the time since its silence reached the timeout.
absl::Duration DetectionLatency(const WorkerView& view, ListeningTime now, absl::Duration timeout);

}  // namespace muster

// Which process holds an id, and when two processes use it at once. Pure.
//
// A takeover (Register with `replace`) gives the id to a new instance. The old instance learns of it at its
// next heartbeat and stops; a rolling restart looks like that, and it is not reported. Two cases cannot be a
// rolling restart: the old instance takes the id back, or it still sends heartbeats a whole timeout later.
// Then two processes use one id: a clone. Two processes of the same instance are told by their addresses
// (address_turns.h).
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// Whether a heartbeat with `instance_id` is the holder's. A heartbeat without an instance is never fenced.
inline bool Holds(const Worker& worker, std::string_view instance_id) {
  return instance_id.empty() || instance_id == worker.instance_id;
}

/// Whether `instance_id`, which takes over `worker`, is the instance that `worker` itself took the id from.
bool TakenBack(const Worker& worker, std::string_view instance_id);

/// Whether an instance that does not hold the id still sends heartbeats a timeout after it was replaced, and
/// this registration was not reported yet.
bool BeatsOn(const Worker& worker, std::string_view instance_id, ListeningTime now, absl::Duration timeout);

/// The report, for people: both instances and their addresses.
std::string CloneReport(std::string_view one, std::string_view one_from, std::string_view other,
                        std::string_view other_from);

/// The same for two processes of one instance, which send from two hosts in turns.
std::string TurnsReport(std::string_view instance, std::string_view one_host, std::string_view other_host);

}  // namespace muster

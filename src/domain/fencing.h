// Which process holds an id, and when two of them use it at once. Pure.
//
// A takeover (Register with `replace`) gives the id to a new instance. The old one learns of it at its next
// heartbeat and stops; that is how a rolling restart looks, and nobody is told of it. Two things it cannot
// look like: the old instance takes the id back, or it still beats a whole timeout later. Then two processes
// use one id: a clone.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// Whether a heartbeat that carries `instance_id` is the holder's. One without is never fenced.
inline bool Holds(const Worker& worker, std::string_view instance_id) {
  return instance_id.empty() || instance_id == worker.instance_id;
}

/// A takeover of `worker` by `instance_id`: by the one that `worker` itself had taken the id from?
bool TakenBack(const Worker& worker, std::string_view instance_id);

/// A heartbeat of an instance that does not hold the id: still beating a timeout after it was replaced, and
/// not yet reported for this registration?
bool BeatsOn(const Worker& worker, std::string_view instance_id, ListeningTime now, absl::Duration timeout);

/// The report, for people: both instances and where they are.
std::string CloneReport(std::string_view one, std::string_view one_from, std::string_view other,
                        std::string_view other_from);

}  // namespace muster

// The heartbeats of one transaction, written by one statement: it moves the pulses on, adds to the history,
// and removes what is too old.
//
// The statement works on the whole set, and checks it too: if the revision of a worker is not the one that
// was decided on, the whole statement fails with LostRace. So heartbeats need no look at the database before
// they are written, and a batch of them is one round trip.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "muster/clock.h"
#include "muster/worker.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"

namespace muster::postgres {

/// The heartbeats that one worker sent within one batch.
struct BeatsOfWorker {
  std::string_view id;
  std::int64_t revision = 0;
  std::int64_t beats = 0;
  std::optional<std::int32_t> in_use;  // the latest value that they brought
};

/// Adds the statement. Ids must not repeat. They are sorted, so that two writers lock in the same order.
void AddBeats(std::vector<BeatsOfWorker> beats, const Moment& at, std::int64_t history, Pipeline& pipeline);

/// Whether a transaction failed because a worker was no longer at its revision.
bool LostRace(const Failure& failure);

}  // namespace muster::postgres

// The heartbeats of one transaction, written by one statement: the pulses move on, the history grows, and
// what is too old of it goes.
//
// Everything is set-based and checked in the same breath: a worker whose revision is not the one that was
// decided on makes the whole statement fail, with LostRace. So heartbeats need no look at the database
// before they are written, and a batch of them is one round trip.
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
  std::optional<std::int32_t> in_use;  // the latest that they brought
};

/// Adds the statement. Ids must not repeat, and are put in order, so that two writers lock in the same one.
void AddBeats(std::vector<BeatsOfWorker> beats, const Moment& at, std::int64_t history, Pipeline& pipeline);

/// Whether a transaction failed because a worker was not at its revision any more.
bool LostRace(const Failure& failure);

}  // namespace muster::postgres

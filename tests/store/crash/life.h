// A roll whose states can be checked: after the n-th batch the roll is in a state that depends only on n, and
// n can be read from the roll itself. So a test that opens it after a crash sees how much was durable, and
// that each batch was there as a whole or not at all.
#pragma once

#include <cstdint>
#include <string>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace muster::testing {

/// The number of batches that are in the roll.
std::int64_t BatchesIn(Store& store);

/// Stages and commits the next batch. It records heartbeats, changes one worker, registers and removes
/// others, and appends an event. The first batch makes the workers.
CommitResult LiveOneBatch(Store& store, std::int64_t number);

/// What is wrong with a roll of `batches` batches; empty if nothing is.
std::string WhatIsWrong(Store& store, std::int64_t batches);

/// What PRAGMA integrity_check says of a closed database.
std::string IntegrityOf(const sqlite::Location& location);

/// Small, so that the events are trimmed all the time.
inline StoreOptions LifeOptions() {
  return {.history = 10, .max_events = 1'000'000, .holder = "a life in a test", .sqlite_vfs = ""};
}

}  // namespace muster::testing

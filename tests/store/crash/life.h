// A life that can be checked: after the n-th batch the roll is in a state that n alone determines, and n can
// be read from the roll itself. So whoever opens it after a crash can tell what had become durable, and that
// it was all or none.
#pragma once

#include <cstdint>
#include <string>

#include "store/store.h"

namespace muster::testing {

/// The batches that are in the roll.
std::int64_t BatchesIn(Store& store);

/// Stages and commits the batch that follows. It beats for workers, changes one, registers and removes
/// others, and appends an event; the first one makes the workers.
CommitResult LiveOneBatch(Store& store, std::int64_t number);

/// What is wrong with a roll of `batches` batches; empty if nothing is.
std::string WhatIsWrong(Store& store, std::int64_t batches);

/// What PRAGMA integrity_check says of a closed database.
std::string IntegrityOf(const std::string& path);

/// Small, so that it is trimmed all the time.
inline StoreOptions LifeOptions() {
  return {.history = 10, .max_events = 1'000'000, .holder = "a life in a test", .sqlite_vfs = ""};
}

}  // namespace muster::testing

// The roll in a SQLite database: a durable Store.
//
// A commit is one transaction: the changed rows, and one row of the journal for all of its heartbeats. Only
// the history and the events are read from the database; everything else is read from the model in memory.
// Maintain folds the journal, trims the events, and moves the write-ahead log into the database, each in
// bounded steps.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace muster {

/// Errors as described at OpenStore.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path, const StoreOptions& options,
                                                       const StoreRuntime& runtime);

}  // namespace muster

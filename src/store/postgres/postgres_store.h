// The store on PostgreSQL, which any number of daemons share.
//
// In memory it keeps only a cache of workers for the heartbeats; the database answers every query.
// transaction.h describes how transactions of several daemons work together, and daemon_group.h how daemons
// find a leader.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace muster {

/// `url` as libpq takes it. Connects and brings the schema up to date. So the server must be there at the
/// start; later it may go away and come back. Errors are for the operator.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const std::string& url, const StoreOptions& options,
                                                         const StoreRuntime& runtime);

}  // namespace muster

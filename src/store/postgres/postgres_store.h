// The store on PostgreSQL, which any number of daemons share.
//
// Nothing is kept in memory but a cache of workers for the heartbeats; every query is answered by the
// database. How transactions of several daemons go together stands in transaction.h, how daemons find a
// leader in daemon_group.h.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace muster {

/// `url` as libpq takes it. Connects and brings the schema up to date: so the server must be there at the
/// start; later it may come and go. Errors are for the operator.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const std::string& url, const StoreOptions& options,
                                                         const StoreRuntime& runtime);

}  // namespace muster

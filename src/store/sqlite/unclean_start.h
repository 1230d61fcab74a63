// What a start does with the log that an unclean end has left: after a failed fsync, what reads well may be
// in the cache alone. So nothing is trusted: every page of the log, and then of the database, is written anew
// and synced before the log is given up.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// An index of the log that another process holds would be used as it is. ABORTED names that process.
absl::Status RefuseHolders(const std::string& path);

/// Writes all of the log's file over itself, and syncs it: if the power goes before the database has
/// everything, the log still has it. Precondition: no connection is open.
absl::Status WriteLogAnew(const Location& location);

}  // namespace muster::sqlite

// The database of a roll: found, locked, inspected, opened and brought up to date, in that order, so that
// whatever is wrong is said before anything is written.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/sqlite/database.h"
#include "store/sqlite/file_lock.h"

namespace muster::sqlite {

/// Open for as long as it lives. Further connections (for readers) must be gone first.
struct DatabaseFile {
  FileLock lock;        // first, so that it goes last
  Location location;    // resolved: give this one to Database::Open
  Database connection;  // the writer's
};

/// `holder` is told to whoever comes second. Errors are for the operator and say what to do.
absl::StatusOr<DatabaseFile> OpenDatabaseFile(const Location& location, std::string_view holder);

}  // namespace muster::sqlite

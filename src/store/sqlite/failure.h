// What the failures of SQLite mean to us.
//
// Inside the store a failure is an absl::Status whose message is for the operator: it names the file and the
// statement. Callers of the daemon are told less: WhyUnavailable names no path and no SQL. The code says what
// the operator can do:
//
//   kResourceExhausted   the disk, or a quota, is full        make room; writing resumes by itself
//   kUnavailable         the disk does not read or write      look at the disk
//   kDataLoss            the file is damaged, or no database  restore a backup
//   kPermissionDenied    the file may not be written          look at owner, mode and mount
//   kAborted             another process is writing           try again
//   kInternal            anything else
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "muster/errors.h"

struct sqlite3;

namespace muster::sqlite {

/// The status of a primary or extended result code; kOk for SQLITE_OK. `system_error` is the errno behind it,
/// or 0 if none is known.
absl::Status StatusOf(int result_code, int system_error, const std::string& message);

/// The status of the last failure on a connection (not null). `doing` is the statement, or what was tried.
absl::Status LastFailure(sqlite3* connection, std::string_view doing);

/// Whether the last failure on a connection was the sync of a file. The disk may have kept all of it, or lost
/// it.
bool FailedToSync(sqlite3* connection);

/// A commit that failed, and may still have happened: the next start may find it in the log.
absl::Status InDoubt(absl::Status status);
bool IsInDoubt(const absl::Status& status);

/// What a caller of the daemon is told. Precondition: !status.ok().
StoreUnavailable WhyUnavailable(const absl::Status& status);

}  // namespace muster::sqlite

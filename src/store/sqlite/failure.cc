#include "store/sqlite/failure.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "muster/check.h"

namespace muster::sqlite {
namespace {

constexpr char kInDoubt[] = "muster/in_doubt";   // a payload of a status
constexpr std::size_t kMaxStatementShown = 200;  // bytes; a script can be long

absl::StatusCode CodeOf(int result_code, int system_error) {
  switch (result_code & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
      // SQLite reports only ENOSPC as SQLITE_FULL. A quota, or a limit on the size of a file, is the same to
      // us.
      return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG
                 ? absl::StatusCode::kResourceExhausted
                 : absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return system_error == ENOSPC || system_error == EDQUOT ? absl::StatusCode::kResourceExhausted
                                                              : absl::StatusCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kAborted;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status StatusOf(int result_code, int system_error, const std::string& message) {
  if (result_code == SQLITE_OK) return absl::OkStatus();
  return absl::Status(CodeOf(result_code, system_error), message);
}

absl::Status LastFailure(sqlite3* connection, std::string_view doing) {
  const int code = sqlite3_extended_errcode(connection);
  // SQLite does not remember the errno where a COMMIT fails. Nothing that succeeded since has changed errno.
  const int remembered = sqlite3_system_errno(connection);
  const int system_error = remembered != 0 || (code & 0xff) != SQLITE_IOERR ? remembered : errno;
  const char* file = sqlite3_db_filename(connection, "main");
  std::string message = absl::StrCat(file == nullptr || *file == '\0' ? "database" : file, ": ",
                                     sqlite3_errmsg(connection), " (SQLite ", code);
  if (system_error != 0) absl::StrAppend(&message, ", ", std::strerror(system_error));
  absl::StrAppend(&message, "), in: ", std::string(doing.substr(0, kMaxStatementShown)));
  // A failure without a code would pass for success.
  return StatusOf(code == SQLITE_OK ? SQLITE_ERROR : code, system_error, message);
}

bool FailedToSync(sqlite3* connection) {
  const int code = sqlite3_extended_errcode(connection);
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

absl::Status InDoubt(absl::Status status) {
  status.SetPayload(kInDoubt, absl::Cord());
  return status;
}

bool IsInDoubt(const absl::Status& status) {
  return status.GetPayload(kInDoubt).has_value();
}

StoreUnavailable WhyUnavailable(const absl::Status& status) {
  MUSTER_CHECK(!status.ok(), "what succeeded has no reason");
  if (IsInDoubt(status)) return {"the disk of the store failed while it was written", /*in_doubt=*/true};
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return {"the disk of the store is full"};
    case absl::StatusCode::kUnavailable:
      return {"the disk of the store cannot be read or written"};
    case absl::StatusCode::kDataLoss:
      return {"the store is damaged"};
    case absl::StatusCode::kPermissionDenied:
      return {"the store may not be written"};
    case absl::StatusCode::kAborted:
      return {"the store is locked by another process"};
    default:
      return {"the store failed"};
  }
}

}  // namespace muster::sqlite

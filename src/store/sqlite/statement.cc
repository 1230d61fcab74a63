#include "store/sqlite/statement.h"

#include <sqlite3.h>

#include <cerrno>

#include "muster/check.h"
#include "store/sqlite/failure.h"

namespace muster::sqlite {
namespace {

// A null pointer would bind NULL where empty text or an empty blob is meant.
const char* NotNull(std::string_view bytes) {
  return bytes.data() == nullptr ? "" : bytes.data();
}

absl::Status FailureOf(sqlite3_stmt* statement) {
  return LastFailure(sqlite3_db_handle(statement), sqlite3_sql(statement));
}

}  // namespace

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

absl::StatusOr<bool> Statement::Step() {
  errno = 0;  // so that an earlier failure is not taken for this one
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    Reset();
    return false;
  }
  absl::Status failure = FailureOf(statement_);
  Reset();
  return failure;
}

absl::Status Statement::RunBound() {
  errno = 0;  // so that an earlier failure is not taken for this one
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_DONE || code == SQLITE_ROW) {
    // Reset also reports an error that a statement with rows (RETURNING) finds only at its end.
    const int ended = sqlite3_reset(statement_);
    return ended == SQLITE_OK ? absl::OkStatus() : FailureOf(statement_);
  }
  absl::Status failure = FailureOf(statement_);
  Reset();
  return failure;
}

void Statement::Reset() {
  sqlite3_reset(statement_);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::Int64(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);  // first: it may convert
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::BindInt64(int index, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_, index, value);
  MUSTER_CHECK(code == SQLITE_OK, "a value is bound to a parameter that the statement has");
}

void Statement::BindText(int index, std::string_view text) {
  const int code =
      sqlite3_bind_text64(statement_, index, NotNull(text), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  MUSTER_CHECK(code == SQLITE_OK, "a value is bound to a parameter that the statement has");
}

void Statement::BindBlob(int index, std::string_view bytes) {
  const int code = sqlite3_bind_blob64(statement_, index, NotNull(bytes), bytes.size(), SQLITE_STATIC);
  MUSTER_CHECK(code == SQLITE_OK, "a value is bound to a parameter that the statement has");
}

void Statement::BindNull(int index) {
  const int code = sqlite3_bind_null(statement_, index);
  MUSTER_CHECK(code == SQLITE_OK, "a value is bound to a parameter that the statement has");
}

}  // namespace muster::sqlite

// A prepared statement: bound by type, stepped, read by type, without copies on the way.
//
//     absl::StatusOr<Statement> find = db.Prepare("SELECT region FROM workers WHERE id = ?");
//     find->Bind(id);
//     while (true) {
//       absl::StatusOr<bool> row = find->Step();
//       if (!row.ok()) return row.status();
//       if (!*row) break;
//       Use(find->Text(0));
//     }
//
// Owned by one thread at a time: the thread that has the Database. Must be gone before the Database is. A
// statement that was run, was stepped to its end, or failed, can be bound again.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3_stmt;

namespace muster::sqlite {

/// Bytes to bind as a BLOB; a bare string_view is TEXT.
struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  Statement() = default;
  bool prepared() const { return statement_ != nullptr; }
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Statement();

  /// Binds all parameters, in order: integers, bool, text, Blob, std::optional of these, nullptr. Text and
  /// bytes are not copied. They must stay until the statement was run, stepped to its end, or reset.
  /// Precondition: as many as the statement has.
  template <typename... Values>
  void Bind(const Values&... values) {
    int index = 0;
    (BindOne(++index, values), ...);
  }

  /// Binds and runs a statement. Its rows are dropped.
  template <typename... Values>
  absl::Status Run(const Values&... values) {
    Bind(values...);
    return RunBound();
  }

  /// True: there is a row, readable until the next Step, Reset or Run. False: there are no more rows.
  absl::StatusOr<bool> Step();
  /// Drops the rows that remain. A read transaction ends only when its statements are reset.
  void Reset();

  // The columns of the row, from 0. Text and bytes stay until the next Step, Reset or Run.
  bool IsNull(int column) const;
  std::int64_t Int64(int column) const;
  std::int32_t Int32(int column) const { return static_cast<std::int32_t>(Int64(column)); }
  std::string_view Text(int column) const;
  std::string_view Bytes(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  absl::Status RunBound();

  template <std::integral Integer>
  void BindOne(int index, Integer value) {
    BindInt64(index, static_cast<std::int64_t>(value));
  }
  void BindOne(int index, std::string_view text) { BindText(index, text); }
  void BindOne(int index, Blob blob) { BindBlob(index, blob.bytes); }
  void BindOne(int index, std::nullptr_t) { BindNull(index); }
  template <typename T>
  void BindOne(int index, const std::optional<T>& value) {
    if (value) {
      BindOne(index, *value);
    } else {
      BindNull(index);
    }
  }
  void BindInt64(int index, std::int64_t value);
  void BindText(int index, std::string_view text);
  void BindBlob(int index, std::string_view bytes);
  void BindNull(int index);

  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace muster::sqlite

// The answer of a statement: rows in binary, read by type, without copies on the way.
//
//     for (int row = 0; row < rows.size(); ++row) Use(rows.Text(row, 0), rows.Time(row, 1));
//
// A read with another type than the type of the column, or of a NULL without an Optional, gives zero or
// nothing, and is remembered as a fault: a schema that the program does not know must not be taken for data.
// So what was read counts only after it went through Checked.
//
// Move-only; owns the result. Views point into it. For one thread at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "store/postgres/failure.h"
#include "store/postgres/wire.h"

struct pg_result;

namespace muster::postgres {

class Rows {
 public:
  /// Takes ownership of `result`; null: no rows.
  explicit Rows(pg_result* result = nullptr) : result_(result) {}

  int size() const;
  bool empty() const { return size() == 0; }
  /// How many rows an INSERT, UPDATE, DELETE or SELECT touched.
  std::int64_t affected() const;

  bool IsNull(int row, int column) const;
  std::int64_t Int64(int row, int column) const;  // int8 or int4
  std::int32_t Int32(int row, int column) const;  // int4
  bool Bool(int row, int column) const;
  std::string_view Text(int row, int column) const;
  std::string_view Bytes(int row, int column) const;
  absl::Time Time(int row, int column) const;
  std::string_view Json(int row, int column) const;  // a JSONB as JSON text
  std::vector<std::string> TextArray(int row, int column) const;
  std::vector<std::int64_t> Int64s(int row, int column) const;  // a BIGINT[]

  std::optional<std::int64_t> OptionalInt64(int row, int column) const;
  std::optional<std::int32_t> OptionalInt32(int row, int column) const;
  std::optional<absl::Time> OptionalTime(int row, int column) const;

  /// For a caller that knows which texts a column may have: this text is not one of them.
  void Reject(int row, int column) const;
  /// Why what was read does not count; empty while it does.
  const std::string& fault() const { return fault_; }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  /// The bytes of a value whose type is one of `types`; empty for any other type.
  std::string_view Value(int row, int column, std::initializer_list<wire::TypeId> types) const;
  std::int64_t Integer(int row, int column, std::initializer_list<wire::TypeId> types) const;
  void Fault(int column, std::string_view why) const;

  std::unique_ptr<pg_result, Clear> result_;
  mutable std::string fault_;  // the first
};

/// What was read from the rows, or a failure if the rows were not as expected.
template <typename T>
Reply<T> Checked(const Rows& rows, T value) {
  if (rows.fault().empty()) return value;
  Failure failure;
  failure.kind = FailureKind::kRefused;
  failure.detail = rows.fault();
  return failure;
}

}  // namespace muster::postgres

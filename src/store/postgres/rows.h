// What a statement answered: rows in binary, read by type, without copies on the way.
//
//     for (int row = 0; row < rows.size(); ++row) Use(rows.Text(row, 0), rows.Time(row, 1));
//
// Move-only; owns the result. Views point into it. Reading from several threads at once is safe.
// Asking for a value with another type than the column's, or for a NULL without an Optional, is a mistake in
// the program: debug builds stop there, others read zero or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

struct pg_result;

namespace muster::postgres {

class Rows {
 public:
  /// Takes `result` over; null: no rows.
  explicit Rows(pg_result* result = nullptr) : result_(result) {}

  int size() const;
  bool empty() const { return size() == 0; }
  /// How many rows an INSERT, UPDATE, DELETE or SELECT touched.
  std::int64_t affected() const;

  bool IsNull(int row, int column) const;
  std::int64_t Int64(int row, int column) const;  // any integer type
  std::int32_t Int32(int row, int column) const;  // int4 and int2
  bool Bool(int row, int column) const;
  std::string_view Text(int row, int column) const;
  std::string_view Bytes(int row, int column) const;
  absl::Time Time(int row, int column) const;
  std::string_view Json(int row, int column) const;  // a JSONB as JSON text
  std::vector<std::string> TextArray(int row, int column) const;
  std::vector<std::int64_t> Int64Array(int row, int column) const;

  std::optional<std::int64_t> OptionalInt64(int row, int column) const;
  std::optional<std::int32_t> OptionalInt32(int row, int column) const;
  std::optional<bool> OptionalBool(int row, int column) const;
  std::optional<std::string_view> OptionalText(int row, int column) const;
  std::optional<std::string_view> OptionalBytes(int row, int column) const;
  std::optional<absl::Time> OptionalTime(int row, int column) const;
  std::optional<std::string_view> OptionalJson(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::string_view Value(int row, int column) const;

  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace muster::postgres

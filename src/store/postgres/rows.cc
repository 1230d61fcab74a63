#include "store/postgres/rows.h"

#include <libpq-fe.h>

#include <cassert>
#include <charconv>
#include <cstddef>
#include <utility>

#include "store/postgres/wire.h"

namespace muster::postgres {
namespace {

constexpr std::size_t kArrayHeader = 12;
constexpr std::size_t kDimension = 8;  // a length and a lower bound

std::int64_t Integer(std::string_view value) {
  switch (value.size()) {
    case 8:
      return wire::ReadInt64(value.data());
    case 4:
      return wire::ReadInt32(value.data());
    case 2:
      return wire::ReadInt16(value.data());
    default:
      assert(false && "not an integer");
      return 0;
  }
}

// Calls `use` with each element of a one-dimensional array without NULLs.
template <typename Use>
void ForEachElement(std::string_view array, Use use) {
  if (array.size() < kArrayHeader + kDimension) return;  // empty: no dimension
  assert(wire::ReadInt32(array.data()) == 1 && "an array of one dimension");
  array.remove_prefix(kArrayHeader + kDimension);
  while (array.size() >= 4) {
    const std::int32_t length = wire::ReadInt32(array.data());
    array.remove_prefix(4);
    assert(length >= 0 && "an array without NULLs");
    if (length < 0 || static_cast<std::size_t>(length) > array.size()) continue;
    use(array.substr(0, static_cast<std::size_t>(length)));
    array.remove_prefix(static_cast<std::size_t>(length));
  }
}

}  // namespace

void Rows::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

int Rows::size() const {
  return PQntuples(result_.get());
}

std::int64_t Rows::affected() const {
  if (result_ == nullptr) return 0;
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

bool Rows::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::Value(int row, int column) const {
  assert(row < size() && column < PQnfields(result_.get()));
  assert(!IsNull(row, column) && "NULL where a value was expected");
  if (IsNull(row, column)) return {};
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::Int64(int row, int column) const {
  return Integer(Value(row, column));
}

std::int32_t Rows::Int32(int row, int column) const {
  assert(Value(row, column).size() <= 4 && "a wider integer than was asked for");
  return static_cast<std::int32_t>(Integer(Value(row, column)));
}

bool Rows::Bool(int row, int column) const {
  const std::string_view value = Value(row, column);
  assert(value.size() == 1);
  return !value.empty() && value[0] != 0;
}

std::string_view Rows::Text(int row, int column) const {
  return Value(row, column);
}

std::string_view Rows::Bytes(int row, int column) const {
  return Value(row, column);
}

absl::Time Rows::Time(int row, int column) const {
  return wire::TimeOf(Integer(Value(row, column)));
}

std::string_view Rows::Json(int row, int column) const {
  std::string_view value = Value(row, column);
  assert(!value.empty() && value[0] == 1 && "a JSONB");
  if (!value.empty()) value.remove_prefix(1);  // the format's version
  return value;
}

std::vector<std::string> Rows::TextArray(int row, int column) const {
  std::vector<std::string> values;
  ForEachElement(Value(row, column), [&](std::string_view element) { values.emplace_back(element); });
  return values;
}

std::vector<std::int64_t> Rows::Int64Array(int row, int column) const {
  std::vector<std::int64_t> values;
  ForEachElement(Value(row, column), [&](std::string_view element) { values.push_back(Integer(element)); });
  return values;
}

std::optional<std::int64_t> Rows::OptionalInt64(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Int64(row, column);
}
std::optional<std::int32_t> Rows::OptionalInt32(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Int32(row, column);
}
std::optional<bool> Rows::OptionalBool(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Bool(row, column);
}
std::optional<std::string_view> Rows::OptionalText(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Text(row, column);
}
std::optional<std::string_view> Rows::OptionalBytes(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Bytes(row, column);
}
std::optional<absl::Time> Rows::OptionalTime(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Time(row, column);
}
std::optional<std::string_view> Rows::OptionalJson(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Json(row, column);
}

}  // namespace muster::postgres

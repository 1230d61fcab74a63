#include "store/postgres/rows.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/postgres/wire.h"

namespace muster::postgres {
namespace {

constexpr wire::TypeId kVarchar = 1043;

constexpr std::size_t kArrayHeader = 12;
constexpr std::size_t kDimension = 8;  // a length and a lower bound

// The elements of an array; nothing if it has more dimensions than one, or has NULLs.
std::optional<std::vector<std::string>> Elements(std::string_view array) {
  std::vector<std::string> elements;
  if (array.size() < kArrayHeader + kDimension) return elements;  // empty: no dimension
  if (wire::ReadInt32(array.data()) != 1) return std::nullopt;
  array.remove_prefix(kArrayHeader + kDimension);
  while (array.size() >= 4) {
    const std::int32_t length = wire::ReadInt32(array.data());
    array.remove_prefix(4);
    if (length < 0 || static_cast<std::size_t>(length) > array.size()) return std::nullopt;
    elements.emplace_back(array.substr(0, static_cast<std::size_t>(length)));
    array.remove_prefix(static_cast<std::size_t>(length));
  }
  return elements;
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

void Rows::Fault(int column, std::string_view why) const {
  if (!fault_.empty()) return;
  const char* name = PQfname(result_.get(), column);
  fault_ = absl::StrCat("the column ", name == nullptr ? "?" : name, " of an answer is ", std::string(why));
}

void Rows::Reject(int row, int column) const {
  if (fault_.empty())
    Fault(column, absl::StrCat("\"", absl::CHexEscape(std::string(Text(row, column))), "\""));
}

std::string_view Rows::Value(int row, int column, std::initializer_list<wire::TypeId> types) const {
  const wire::TypeId type = PQftype(result_.get(), column);
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    Fault(column, absl::StrCat("of another type, number ", type));
    return {};
  }
  if (IsNull(row, column)) {
    Fault(column, "NULL");
    return {};
  }
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::Integer(int row, int column, std::initializer_list<wire::TypeId> types) const {
  const std::string_view value = Value(row, column, types);
  switch (value.size()) {
    case 8:
      return wire::ReadInt64(value.data());
    case 4:
      return wire::ReadInt32(value.data());
    default:
      return 0;  // Value has noted the fault
  }
}

std::int64_t Rows::Int64(int row, int column) const {
  return Integer(row, column, {wire::Int64::kId, wire::Int32::kId});
}

std::int32_t Rows::Int32(int row, int column) const {
  return static_cast<std::int32_t>(Integer(row, column, {wire::Int32::kId}));
}

bool Rows::Bool(int row, int column) const {
  const std::string_view value = Value(row, column, {wire::Bool::kId});
  return !value.empty() && value[0] != 0;
}

std::string_view Rows::Text(int row, int column) const {
  return Value(row, column, {wire::Text::kId, kVarchar});
}

std::string_view Rows::Bytes(int row, int column) const {
  return Value(row, column, {wire::Bytes::kId});
}

absl::Time Rows::Time(int row, int column) const {
  return wire::TimeOf(Integer(row, column, {wire::Time::kId}));
}

std::string_view Rows::Json(int row, int column) const {
  std::string_view value = Value(row, column, {wire::Json::kId});
  if (!value.empty()) value.remove_prefix(1);  // the format's version
  return value;
}

std::vector<std::string> Rows::TextArray(int row, int column) const {
  std::optional<std::vector<std::string>> elements = Elements(Value(row, column, {wire::Text::kArrayId}));
  if (!elements) Fault(column, "not an array of texts");
  return std::move(elements).value_or(std::vector<std::string>());
}

std::vector<std::int64_t> Rows::Int64s(int row, int column) const {
  std::vector<std::int64_t> numbers;
  const std::optional<std::vector<std::string>> elements =
      Elements(Value(row, column, {wire::Int64::kArrayId}));
  if (!elements) Fault(column, "not an array of numbers");
  for (const std::string& element : elements.value_or(std::vector<std::string>())) {
    if (element.size() == 8) numbers.push_back(wire::ReadInt64(element.data()));
  }
  return numbers;
}

std::optional<std::int64_t> Rows::OptionalInt64(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Int64(row, column);
}
std::optional<std::int32_t> Rows::OptionalInt32(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Int32(row, column);
}
std::optional<absl::Time> Rows::OptionalTime(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return Time(row, column);
}

}  // namespace muster::postgres

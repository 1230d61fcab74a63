#include "store/postgres/parameters.h"

#include <cassert>
#include <limits>

namespace muster::postgres {
namespace {

// The header of an array: the number of dimensions, whether it holds NULLs, the type of the elements; then
// length and lower bound of the one dimension.
constexpr std::size_t kHasNullsAt = 4;
constexpr std::size_t kLengthAt = 12;
constexpr std::int32_t kNull = -1;

}  // namespace

template <typename Type>
ArrayOf<Type>::ArrayOf() {
  wire::AppendInt32(bytes_, 1);
  wire::AppendInt32(bytes_, 0);
  wire::AppendInt32(bytes_, static_cast<std::int32_t>(Type::kId));
  wire::AppendInt32(bytes_, 0);
  wire::AppendInt32(bytes_, 1);
}

template <typename Type>
void ArrayOf<Type>::Add(Value value) {
  const std::size_t at = bytes_.size();
  wire::AppendInt32(bytes_, 0);
  Type::Append(bytes_, value);
  wire::WriteInt32(bytes_.data() + at, static_cast<std::int32_t>(bytes_.size() - at - 4));
  wire::WriteInt32(bytes_.data() + kLengthAt, ++size_);
}

template <typename Type>
void ArrayOf<Type>::AddNull() {
  wire::AppendInt32(bytes_, kNull);
  wire::WriteInt32(bytes_.data() + kHasNullsAt, 1);
  wire::WriteInt32(bytes_.data() + kLengthAt, ++size_);
}

template class ArrayOf<wire::Int64>;
template class ArrayOf<wire::Int32>;
template class ArrayOf<wire::Bool>;
template class ArrayOf<wire::Text>;
template class ArrayOf<wire::Time>;
template class ArrayOf<wire::Json>;

std::string TextList(std::span<const std::string> values) {
  std::string list = "{";
  for (const std::string& value : values) {
    if (list.size() > 1) list.push_back(',');
    list.push_back('"');  // always: without quotes the text NULL would be a NULL
    for (const char c : value) {
      if (c == '"' || c == '\\') list.push_back('\\');
      list.push_back(c);
    }
    list.push_back('"');
  }
  list.push_back('}');
  return list;
}

template <typename Type>
Parameters& Parameters::AddOptional(const std::optional<typename Type::Value>& value) {
  Place place{bytes_.size(), kNull};
  if (value.has_value()) {
    Type::Append(bytes_, *value);
    assert(bytes_.size() - place.offset <= std::numeric_limits<int>::max());
    place.length = static_cast<int>(bytes_.size() - place.offset);
  }
  places_.push_back(place);
  types_.push_back(Type::kId);
  return *this;
}

Parameters& Parameters::Add(wire::TypeId type, std::string_view bytes) {
  assert(bytes.size() <= std::numeric_limits<int>::max());
  places_.push_back({bytes_.size(), static_cast<int>(bytes.size())});
  types_.push_back(type);
  bytes_.append(bytes);
  return *this;
}

Parameters& Parameters::Int64(std::optional<std::int64_t> value) {
  return AddOptional<wire::Int64>(value);
}
Parameters& Parameters::Int32(std::optional<std::int32_t> value) {
  return AddOptional<wire::Int32>(value);
}
Parameters& Parameters::Bool(std::optional<bool> value) {
  return AddOptional<wire::Bool>(value);
}
Parameters& Parameters::Text(std::optional<std::string_view> value) {
  return AddOptional<wire::Text>(value);
}
Parameters& Parameters::Bytes(std::optional<std::string_view> value) {
  return AddOptional<wire::Bytes>(value);
}
Parameters& Parameters::Time(std::optional<absl::Time> value) {
  return AddOptional<wire::Time>(value);
}
Parameters& Parameters::Json(std::optional<std::string_view> value) {
  return AddOptional<wire::Json>(value);
}

Parameters& Parameters::Texts(std::span<const std::string> values) {
  TextArray array;
  for (const std::string& value : values) array.Add(value);
  return Array(array);
}

Parameters::Native Parameters::native() const {
  constexpr int kBinary = 1;
  Native native;
  native.values.reserve(places_.size());
  native.lengths.reserve(places_.size());
  for (const Place& place : places_) {
    native.values.push_back(place.length == kNull ? nullptr : bytes_.data() + place.offset);
    native.lengths.push_back(place.length == kNull ? 0 : place.length);
  }
  native.formats.assign(places_.size(), kBinary);
  return native;
}

Parameters Ids(std::span<const std::string_view> ids) {
  TextArray array;
  for (const std::string_view id : ids) array.Add(id);
  Parameters parameters;
  parameters.Array(array);
  return parameters;
}

}  // namespace muster::postgres

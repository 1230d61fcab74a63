// The values of $1, $2, … of a statement, in binary, so that nothing is quoted, parsed or rounded on the way.
//
//     Parameters parameters;
//     parameters.Text(id).Int64(revision).Time(now).Int32(std::nullopt);
//
// For a set of rows, one array a column: INSERT … SELECT * FROM unnest($1, $2).
//
//     TextArray ids;
//     Int64Array revisions;
//     for (const Worker& worker : workers) { ids.Add(worker.id); revisions.Add(worker.revision); }
//     Parameters parameters;
//     parameters.Array(ids).Array(revisions);
//
// A column that is itself a TEXT[] cannot go into an array of arrays, because those must be of equal length.
// Add TextList(values) to a TextArray and cast in SQL: SELECT id, capabilities::text[] FROM unnest($1, $2) AS
// r(id, capabilities).
//
// Not thread-safe. Owns copies of everything that it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "store/postgres/wire.h"

namespace muster::postgres {

/// A one-dimensional array of one type. It grows element by element.
template <typename Type>
class ArrayOf {
 public:
  using Value = typename Type::Value;

  ArrayOf();

  void Add(Value value);
  void AddNull();
  void AddOptional(const std::optional<Value>& value) {
    if (value.has_value()) {
      Add(*value);
    } else {
      AddNull();
    }
  }
  std::int32_t size() const { return size_; }

  /// The whole array in binary.
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;  // the header, always up to date, then the elements
  std::int32_t size_ = 0;
};

using Int64Array = ArrayOf<wire::Int64>;
using Int32Array = ArrayOf<wire::Int32>;
using BoolArray = ArrayOf<wire::Bool>;
using TextArray = ArrayOf<wire::Text>;
using TimeArray = ArrayOf<wire::Time>;
using JsonArray = ArrayOf<wire::Json>;

/// `values` as one text that PostgreSQL casts to text[]: {"a","b"}.
std::string TextList(std::span<const std::string> values);

class Parameters {
 public:
  // Each adds the next parameter; nullopt is NULL.
  Parameters& Int64(std::optional<std::int64_t> value);
  Parameters& Int32(std::optional<std::int32_t> value);
  Parameters& Bool(std::optional<bool> value);
  Parameters& Text(std::optional<std::string_view> value);
  Parameters& Bytes(std::optional<std::string_view> value);
  Parameters& Time(std::optional<absl::Time> value);
  Parameters& Json(std::optional<std::string_view> value);  // JSON text, for a JSONB
  Parameters& Texts(std::span<const std::string> values);   // one TEXT[]
  template <typename Type>
  Parameters& Array(const ArrayOf<Type>& array) {
    return Add(Type::kArrayId, array.bytes());
  }

  int size() const { return static_cast<int>(types_.size()); }

  /// As libpq takes them. `values` point into this object until it changes.
  struct Native {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
  };
  Native native() const;
  const std::vector<wire::TypeId>& types() const { return types_; }

 private:
  template <typename Type>
  Parameters& AddOptional(const std::optional<typename Type::Value>& value);
  Parameters& Add(wire::TypeId type, std::string_view bytes);

  struct Place {
    std::size_t offset = 0;
    int length = -1;  // -1: NULL
  };
  std::string bytes_;
  std::vector<Place> places_;
  std::vector<wire::TypeId> types_;
};

/// Ids as the one parameter of a statement, a TEXT[].
Parameters Ids(std::span<const std::string_view> ids);

}  // namespace muster::postgres

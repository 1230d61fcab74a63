// JSON off the wire: bodies parsed, and taken apart field by field.
//
// What cannot be read is an InvalidArgument that names the field: text that is no JSON, a wrong type, a field
// that nobody asked for, a field that stands twice. Null counts as not given, as answers write it for what is
// unset.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/validation.h"
#include "muster/result.h"
#include "muster/worker.h"

namespace muster::http {

/// Keeps the order of the fields.
using Json = nlohmann::ordered_json;

/// How deep arrays and objects of a body may be nested.
inline constexpr int kMaxDepth = 8;

/// The object in a body; an empty body is an empty object.
Result<Json> ParseObject(std::string_view body);

/// As bytes; what is no UTF-8 is replaced.
std::string Dump(const Json& json);

/// Takes an object apart. Every getter returns a default for a field that is not there, or that is wrong;
/// Wrong tells of the latter. Not thread-safe; the object must outlive it.
class ObjectReader {
 public:
  /// `prefix` stands before names in complaints: "heartbeats[3].".
  explicit ObjectReader(const Json& object, std::string prefix = "")
      : object_(object), prefix_(std::move(prefix)) {}

  std::string Text(std::string_view name);
  std::optional<std::int32_t> Int32(std::string_view name);
  std::optional<std::int64_t> Int64(std::string_view name);
  bool Flag(std::string_view name);
  std::optional<WorkerStatus> Status(std::string_view name);
  std::vector<std::string> Texts(std::string_view name);
  Metadata TextMap(std::string_view name);
  /// Null if there is none.
  const Json* Array(std::string_view name);

  /// The first thing that is wrong, or a field that was not asked for. Call it when every field was.
  FieldError Wrong();

 private:
  const Json* Find(std::string_view name);
  void Complain(std::string_view name, std::string_view must_be, const Json& is);
  template <typename T>
  std::optional<T> Whole(std::string_view name, std::string_view must_be);

  const Json& object_;
  const std::string prefix_;
  std::vector<std::string_view> asked_;
  FieldError wrong_;
};

/// "Active" -> kActive; the four names, written as answers write them.
std::optional<WorkerStatus> StatusFrom(std::string_view name);
inline constexpr std::string_view kStatusRule = "must be Pending, Active, Offline or Failed";

}  // namespace muster::http

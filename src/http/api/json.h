// JSON from the wire: parses bodies, and reads them field by field.
//
// A fault is an InvalidArgument that names the field: text that is no JSON, a wrong type, a field that the
// request does not have, a field that occurs twice. Null counts as not given, because answers write null for
// what is unset.
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

/// Parses the object in a body. An empty body is an empty object.
Result<Json> ParseObject(std::string_view body);

/// The JSON as bytes. Text that is no UTF-8 is replaced.
std::string Dump(const Json& json);

/// A name that a client sent, as an error names it: never empty, and text whatever was sent.
std::string NameOf(std::string_view sent);

/// Reads an object field by field. Every getter returns a default if the field is missing or wrong; Wrong
/// reports a wrong one. Not thread-safe. The object must outlive it.
class ObjectReader {
 public:
  /// `prefix` is put before the names in errors: "heartbeats[3].".
  explicit ObjectReader(const Json& object, std::string prefix = "")
      : object_(object), prefix_(std::move(prefix)) {}

  /// Points into the object.
  std::string_view Text(std::string_view name);
  std::optional<std::int32_t> Int32(std::string_view name);
  std::optional<std::int64_t> Int64(std::string_view name);
  bool Flag(std::string_view name);
  std::optional<WorkerStatus> Status(std::string_view name);
  std::vector<std::string> Texts(std::string_view name);
  Metadata TextMap(std::string_view name);
  /// Null if there is none.
  const Json* Array(std::string_view name);

  /// The first wrong field, or a field that no getter asked for. Call it after all getters.
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

/// "Active" -> kActive. Knows the four names, spelled as in answers.
std::optional<WorkerStatus> StatusFrom(std::string_view name);
inline constexpr std::string_view kStatusRule = "must be Pending, Active, Offline or Failed";

}  // namespace muster::http

// JSON of a client: what is read is what was written, and what is wrong is named.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "domain/text.h"
#include "http/api/json.h"
#include "muster/check.h"

namespace muster::http {
namespace {

void CheckComplaint(const InvalidArgument& wrong) {
  MUSTER_CHECK(!wrong.field.empty() && !wrong.reason.empty(), "what is wrong is named");
  MUSTER_CHECK(IsUtf8(wrong.field) && IsUtf8(wrong.reason), "a complaint is text");
}

/// Reads the fields of all requests.
void ReadFields(const Json& object) {
  ObjectReader body(object);
  const std::string_view id = body.Text("id");
  const auto capacity = body.Int32("capacity");
  const auto revision = body.Int64("expectedRevision");
  const bool replace = body.Flag("replace");
  const auto status = body.Status("status");
  const auto capabilities = body.Texts("capabilities");
  const auto metadata = body.TextMap("metadata");
  const Json* heartbeats = body.Array("heartbeats");
  if (const FieldError wrong = body.Wrong()) return CheckComplaint(*wrong);
  // Nothing was wrong, so nothing was passed over: the same object can be made of what was read.
  const auto has = [&object](const char* name) { return object.contains(name) && !object[name].is_null(); };
  MUSTER_CHECK(has("id") ? object["id"] == Json(id) : id.empty(), "text is read as it stands");
  MUSTER_CHECK(has("capacity") == capacity.has_value(), "a number is read if there is one");
  MUSTER_CHECK(!capacity || object["capacity"].get<double>() == *capacity, "a number is read as it stands");
  MUSTER_CHECK(has("expectedRevision") == revision.has_value(), "a number is read if there is one");
  MUSTER_CHECK(has("replace") ? object["replace"] == Json(replace) : !replace, "a flag is read as it stands");
  MUSTER_CHECK(has("status") == status.has_value(), "a status is read if there is one");
  MUSTER_CHECK(!has("capabilities") || object["capabilities"] == Json(capabilities),
               "a list is read as it stands");
  MUSTER_CHECK(!has("metadata") || object["metadata"].size() == metadata.size(),
               "a map is read as it stands");
  MUSTER_CHECK(has("heartbeats") == (heartbeats != nullptr), "an array is read if there is one");
}

}  // namespace
}  // namespace muster::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::http;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const muster::Result<Json> object = ParseObject(bytes);
  if (!object.ok()) {
    const auto* wrong = std::get_if<muster::InvalidArgument>(&object.error());
    MUSTER_CHECK(wrong != nullptr, "a body that cannot be read is an invalid argument");
    CheckComplaint(*wrong);
    return 0;
  }
  MUSTER_CHECK(bytes.empty() || Json::accept(bytes.begin(), bytes.end()), "only JSON is read");
  const muster::Result<Json> again = ParseObject(Dump(*object));
  MUSTER_CHECK(again.ok() && *again == *object, "JSON that is written is read again");
  ReadFields(*object);
  return 0;
}

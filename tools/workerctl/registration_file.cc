#include "workerctl/registration_file.h"

#include <yaml-cpp/exceptions.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "workerctl/read_yaml.h"
#include "workerctl/terminal.h"

namespace muster::ctl {
namespace {

using Json = nlohmann::json;

[[noreturn]] void Refuse(const std::string& where, const std::string& what) {
  throw CLI::ValidationError(absl::StrCat(where, ": ", what));
}

Json Parse(const std::string& text, const std::string& name) {
  if (!IsUtf8(text)) Refuse(name, "is not UTF-8");
  const std::string content(absl::StripLeadingAsciiWhitespace(text));
  if (content.empty()) Refuse(name, "is empty");
  try {
    if (content.front() == '{' || content.front() == '[') return Json::parse(content);
    Json all = Json::array();
    // Plain scalars stay text: a worker in region `no` with metadata `rack: 7` means what it says.
    for (const Json& value : ReadYaml(text)) {
      if (value.is_array()) {
        all.insert(all.end(), value.begin(), value.end());
      } else if (!value.is_null()) {
        all.push_back(value);
      }
    }
    return all;
  } catch (const Json::exception& error) {
    Refuse(name, absl::StrCat("is not JSON: ", error.what()));
  } catch (const YAML::Exception& error) {
    Refuse(name, absl::StrCat("is not YAML: ", error.what()));
  }
}

std::string Text(const Json& value, const std::string& where) {
  if (!value.is_string()) Refuse(where, "must be text");
  return value.get<std::string>();
}

int Number(const Json& value, const std::string& where) {
  std::int64_t number = 0;
  if (value.is_number_integer()) {
    number =
        value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max()
            ? std::numeric_limits<std::int64_t>::max()
            : value.get<std::int64_t>();
  } else if (!value.is_string() || !absl::SimpleAtoi(value.get<std::string>(), &number)) {
    Refuse(where, "must be a whole number");
  }
  if (number > std::numeric_limits<std::int32_t>::max() ||
      number < std::numeric_limits<std::int32_t>::min()) {
    Refuse(where, "is too large");
  }
  return static_cast<int>(number);
}

bool Truth(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true" || value == "false") return value == "true";
  Refuse(where, "must be true or false");
}

bool IsOutputOnly(const std::string& key) {
  constexpr std::string_view kKeys[] = {"status",       "registeredAt", "lastHeartbeatAt", "statusChangedAt",
                                        "statusReason", "revision",     "inUse",           "heartbeats"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

void Set(v1::RegisterWorkerRequest& request, const std::string& key, const Json& value,
         const std::string& where) {
  if (key == "id") {
    request.set_worker_id(Text(value, where));
  } else if (key == "region") {
    request.set_region(Text(value, where));
  } else if (key == "capacity") {
    request.set_capacity(Number(value, where));
  } else if (key == "instanceId") {
    request.set_instance_id(Text(value, where));
  } else if (key == "replace") {
    request.set_replace(Truth(value, where));
  } else if (key == "capabilities") {
    if (!value.is_array()) Refuse(where, "must be a list");
    for (const Json& capability : value) request.add_capabilities(Text(capability, where));
  } else if (key == "metadata") {
    if (!value.is_object()) Refuse(where, "must be a map of text to text");
    for (const auto& [name, inner] : value.items()) {
      (*request.mutable_metadata())[name] = Text(inner, absl::StrCat(where, ".", name));
    }
  } else if (!IsOutputOnly(key)) {
    Refuse(
        where,
        "is not a key of a registration (id, region, capacity, capabilities, metadata, instanceId, replace)");
  }
}

v1::RegisterWorkerRequest RequestOf(const Json& value, const std::string& where) {
  if (!value.is_object()) Refuse(where, "is not a worker: {\"id\": …, \"region\": …, \"capacity\": …}");
  v1::RegisterWorkerRequest request;
  for (const auto& [key, inner] : value.items()) Set(request, key, inner, absl::StrCat(where, ": ", key));
  if (request.worker_id().empty()) Refuse(where, "has no id");
  return request;
}

}  // namespace

std::vector<v1::RegisterWorkerRequest> ReadRegistrations(const std::string& text, const std::string& name) {
  const Json content = Parse(text, name);
  std::vector<v1::RegisterWorkerRequest> requests;
  if (!content.is_array()) return {RequestOf(content, name)};
  for (const Json& value : content) {
    requests.push_back(RequestOf(value, absl::StrCat(name, ": worker ", requests.size() + 1)));
  }
  return requests;
}

}  // namespace muster::ctl

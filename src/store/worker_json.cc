#include "store/worker_json.h"

#include <nlohmann/json.hpp>

namespace muster {
namespace {

using Json = nlohmann::json;

// Never throws: text that is not UTF-8 does not get this far, and would be replaced.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Parse(std::string_view text) {
  return Json::parse(text, nullptr, false);
}

}  // namespace

std::string CapabilitiesJson(const std::vector<std::string>& capabilities) {
  if (capabilities.empty()) return "[]";
  return Dump(Json(capabilities));
}

std::string MetadataJson(const Metadata& metadata) {
  Json json = Json::object();
  for (const auto& [key, value] : metadata) json[key] = value;
  return Dump(json);
}

std::optional<std::vector<std::string>> ParseCapabilities(std::string_view text) {
  if (text == "[]") return std::vector<std::string>();
  const Json json = Parse(text);
  if (!json.is_array()) return std::nullopt;
  std::vector<std::string> capabilities;
  capabilities.reserve(json.size());
  for (const Json& entry : json) {
    if (!entry.is_string()) return std::nullopt;
    capabilities.push_back(entry.get_ref<const std::string&>());
  }
  return capabilities;
}

std::optional<Metadata> ParseMetadata(std::string_view text) {
  if (text == "{}") return Metadata();
  const Json json = Parse(text);
  if (!json.is_object()) return std::nullopt;
  Metadata metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    metadata.emplace(key, value.get_ref<const std::string&>());
  }
  return metadata;
}

}  // namespace muster

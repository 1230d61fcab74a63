// A worker's capabilities and metadata as JSON text, as the databases show them to people.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/worker.h"

namespace muster {

std::string CapabilitiesJson(const std::vector<std::string>& capabilities);
std::string MetadataJson(const Metadata& metadata);

/// Nothing, if the text is not what the functions above make.
std::optional<std::vector<std::string>> ParseCapabilities(std::string_view text);
std::optional<Metadata> ParseMetadata(std::string_view text);

}  // namespace muster

// The capabilities and the metadata of a worker as JSON text: in this form the databases show them to people.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/worker.h"

namespace muster {

std::string CapabilitiesJson(const std::vector<std::string>& capabilities);
std::string MetadataJson(const Metadata& metadata);

/// Nothing if the functions above cannot have made the text.
std::optional<std::vector<std::string>> ParseCapabilities(std::string_view text);
std::optional<Metadata> ParseMetadata(std::string_view text);

}  // namespace muster

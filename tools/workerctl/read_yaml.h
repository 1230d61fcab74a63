// YAML as JSON. Plain scalars stay text (`no`, `7`); only null is null.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace muster::ctl {

/// An array of the documents in the text. Throws YAML::Exception for text that is not YAML, for a key that is
/// not text, for an alias inside of what it names, for more than 50 lists and maps inside of each other, and
/// where aliases make more than 16 MiB of the text.
nlohmann::json ReadYaml(const std::string& text);

}  // namespace muster::ctl

#include "daemon/config_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "daemon/flags.h"
#include "domain/text.h"

namespace muster::daemon {
namespace {

absl::Status Bad(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

bool Known(const std::string& name) {
  const auto flags = Flags();
  return std::any_of(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) return Bad(path, absl::StrCat("cannot be read: ", std::strerror(errno)));
  return text.str();
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadConfigFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWhole(path);
  if (!text.ok()) return text.status();
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(*text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    return Bad(path, error.what());
  }
  std::map<std::string, std::string> values;
  for (const CLI::ConfigItem& item : items) {
    const std::string name = Excerpt(item.name);
    if (!item.parents.empty()) {
      return Bad(path, absl::StrCat("has a section [", Excerpt(item.parents.front()),
                                    "]: write every setting as name = value, without sections"));
    }
    if (!Known(item.name)) return Bad(path, absl::StrCat("\"", name, "\" is no setting: see musterd --help"));
    const bool first = item.inputs.size() == 1 && values.emplace(item.name, item.inputs.front()).second;
    if (!first) return Bad(path, absl::StrCat(name, ": write it once, with one value, as name = value"));
  }
  return values;
}

}  // namespace muster::daemon

#include "daemon/sources.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "daemon/config.h"
#include "daemon/flags.h"
#include "domain/text.h"

namespace muster::daemon {
namespace {

constexpr char kFooter[] =
    "Every setting may also come from the environment (MUSTERD_GRPC_LISTEN for --grpc-listen) or from the "
    "config\n"
    "file (grpc-listen = \"127.0.0.1:50051\"): a flag beats the environment, which beats the file.\n"
    "Durations are written like 10s, 2m, 1m30s or 500ms.\n"
    "\n"
    "Signals: TERM and INT stop in order (within 5 s; a second one at once); HUP reads the configuration "
    "again and\n"
    "takes over what belongs to liveness, pacing, the guard and logging.\n"
    "Exit codes: 0 stopped in order; 1 failed while starting or running; 2 a mistake in flags or settings; "
    "3 the disk under the store failed while it was written: start again (docs/database.md).";

// The width of --help: the names, then their meaning, together 100 columns.
constexpr std::size_t kNameColumns = 36;
constexpr std::size_t kHelpColumns = 100 - kNameColumns;

/// Breaks the text into lines at spaces.
std::string Wrapped(std::string text) {
  std::size_t start = 0;
  while (text.size() - start > kHelpColumns) {
    const std::size_t space = text.rfind(' ', start + kHelpColumns);
    if (space == std::string::npos || space <= start) break;
    text[space] = '\n';
    start = space + 1;
  }
  return text;
}

class Parser {
 public:
  Parser()
      : app_(
            "Keeps the roll of a fleet of workers: who is registered, who is alive, who went silent and "
            "why.") {
    app_.name("musterd");
    app_.set_help_flag("-h,--help", "Print this and exit");
    app_.set_version_flag("--version", absl::StrCat("musterd ", kVersion), "Print the version and exit");
    app_.add_option("--config", line_.config_path, "Read settings from this file (or MUSTERD_CONFIG)")
        ->type_name("PATH");
    app_.add_flag("--check-config", line_.check_config, "Check all settings, print them and exit");
    app_.get_formatter()->column_width(kNameColumns);
    app_.footer(kFooter);
    const Config defaults;
    for (const Flag& flag : Flags()) {
      const std::string value = flag.get(defaults);
      const std::string shown = value.empty() ? "" : absl::StrCat(" (default ", value, ")");
      app_.add_option("--" + flag.name, values_[flag.name], Wrapped(flag.help + shown))
          ->type_name(flag.placeholder)
          ->group(flag.group);
    }
  }

  std::variant<CommandLine, EndNow> Parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed;  // the order that CLI11 expects
    for (const std::string& argument : arguments) {
      if (argument.starts_with("--") &&
          argument.ends_with('=')) {  // an empty value, which CLI11 would read as no value
        reversed.insert(reversed.begin(), argument.substr(0, argument.size() - 1));
        reversed.insert(reversed.begin(), "");
      } else {
        reversed.insert(reversed.begin(), argument);
      }
    }
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::CallForVersion& version) {
      return EndNow{kExitOk, absl::StrCat(version.what(), "\n")};
    } catch (const CLI::Success&) {
      return EndNow{kExitOk, app_.help()};
    } catch (const CLI::Error& error) {
      return EndNow{kExitUsage, error.what()};
    }
    for (const Flag& flag : Flags()) {
      if (app_.count("--" + flag.name) > 0) line_.values[flag.name] = values_[flag.name];
    }
    return line_;
  }

 private:
  CLI::App app_;
  CommandLine line_;
  std::map<std::string, std::string> values_;
};

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

std::variant<CommandLine, EndNow> ReadCommandLine(const std::vector<std::string>& arguments) {
  return Parser().Parse(arguments);
}

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

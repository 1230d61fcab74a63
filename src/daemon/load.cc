#include "daemon/load.h"

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daemon/config_file.h"
#include "daemon/flags.h"
#include "daemon/redact.h"
#include "daemon/version.h"

namespace muster::daemon {
namespace {

constexpr char kConfigVariable[] = "MUSTERD_CONFIG";

constexpr char kFooter[] =
    "Every setting may also come from the environment (MUSTERD_GRPC_LISTEN for --grpc-listen) or from the "
    "config\n"
    "file (grpc-listen = \"127.0.0.1:50051\"): a flag beats the environment, which beats the file.\n"
    "Durations are written like 10s, 2m, 1m30s or 500ms.\n"
    "\n"
    "Signals: TERM and INT stop in order (within 5 s; a second one at once); HUP reads the configuration "
    "again and\n"
    "takes over what belongs to liveness, pacing, the guard and logging.\n"
    "Exit codes: 0 stopped in order; 1 failed while starting or running; 2 a mistake in flags or settings.";

// The width of --help: names, then what they mean, together 100 columns.
constexpr std::size_t kNameColumns = 36;
constexpr std::size_t kHelpColumns = 100 - kNameColumns;

/// Breaks lines at spaces.
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

EndNow Mistake(const std::string& what) {
  return {kExitUsage, what};
}

/// What the command line says, as it was written.
struct CommandLine {
  std::map<std::string, std::string> values;
  std::string config_path;
  bool check_config = false;
};

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
    std::vector<std::string> reversed;  // as CLI11 takes them
    for (const std::string& argument : arguments) {
      if (argument.starts_with("--") &&
          argument.ends_with('=')) {  // an empty value, which CLI11 takes for none
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
      return Mistake(error.what());
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

}  // namespace

std::variant<Loaded, EndNow> Load(const Sources& sources) {
  auto parsed = Parser().Parse(sources.arguments);
  if (auto* end = std::get_if<EndNow>(&parsed)) return std::move(*end);
  const CommandLine& line = std::get<CommandLine>(parsed);

  std::string path = line.config_path;
  if (path.empty()) path = sources.environment(kConfigVariable).value_or("");
  absl::StatusOr<std::map<std::string, std::string>> file = std::map<std::string, std::string>();
  if (!path.empty()) file = ReadConfigFile(path);
  if (!file.ok()) return Mistake(std::string(file.status().message()));

  Loaded loaded;
  for (const Flag& flag : Flags()) {
    std::string value;
    std::string origin;
    if (const auto it = line.values.find(flag.name); it != line.values.end()) {
      value = it->second;
      origin = "--" + flag.name;
    } else if (const auto variable = sources.environment(EnvironmentName(flag))) {
      value = *variable;
      origin = EnvironmentName(flag);
    } else if (const auto entry = file->find(flag.name); entry != file->end()) {
      value = entry->second;
      origin = path;
    } else {
      continue;
    }
    if (const auto wrong = flag.set(loaded.config, value)) {
      return Mistake(absl::StrCat(flag.name, " (from ", origin, "): ", *wrong));
    }
    loaded.origins[flag.name] = origin;
  }
  if (const auto wrong = Validate(loaded.config)) return Mistake(*wrong);
  if (line.check_config) return EndNow{kExitOk, Describe(loaded)};
  return loaded;
}

std::string Describe(const Loaded& loaded) {
  std::string text = absl::StrCat("# musterd ", kVersion, ": the settings are good\n");
  for (const Flag& flag : Flags()) {
    const auto origin = loaded.origins.find(flag.name);
    if (origin != loaded.origins.end()) absl::StrAppend(&text, "# from ", origin->second, "\n");
    absl::StrAppend(&text, flag.name, " = \"", WithoutPassword(flag.get(loaded.config)), "\"\n");
  }
  return text;
}

}  // namespace muster::daemon

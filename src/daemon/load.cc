#include "daemon/load.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daemon/flags.h"

namespace muster::daemon {
namespace {

constexpr char kConfigVariable[] = "MUSTERD_CONFIG";

EndNow Mistake(const std::string& what) {
  return {kExitUsage, what};
}

}  // namespace

std::variant<Loaded, EndNow> Load(const Sources& sources) {
  auto parsed = ReadCommandLine(sources.arguments);
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

Reload PlanReload(const Config& running, const Config& loaded) {
  Reload reload{running, {}, {}, {}};
  for (const Flag& flag : Flags()) {
    const std::string before = flag.get(running);
    const std::string after = flag.get(loaded);
    if (before == after) continue;
    const std::string change =
        absl::StrCat(flag.name, ": ", WithoutPassword(before), " -> ", WithoutPassword(after));
    if (flag.reloadable) {
      reload.changes.push_back(change);
    } else {
      reload.need_restart.push_back(change);
    }
  }
  // gRPC reads the interval of its probes only when a server is built.
  if (running.settings.heartbeat_timeout != loaded.settings.heartbeat_timeout) {
    reload.partly.push_back("heartbeat-timeout: how soon a gRPC connection that died is noticed");
  }
  reload.next.settings = loaded.settings;
  reload.next.log_format = loaded.log_format;
  reload.next.log_level = loaded.log_level;
  return reload;
}

}  // namespace muster::daemon

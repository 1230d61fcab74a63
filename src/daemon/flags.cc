#include "daemon/flags.h"

#include <charconv>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "domain/text.h"

namespace muster::daemon {
namespace {

using Problem = std::optional<std::string>;

Problem ReadDuration(const std::string& text, absl::Duration& out) {
  absl::Duration value;
  if (!absl::ParseDuration(text, &value) || value == absl::InfiniteDuration() ||
      value == -absl::InfiniteDuration()) {
    return absl::StrCat("\"", Excerpt(text), "\" is no duration: write it like 10s, 2m, 1m30s or 500ms");
  }
  out = value;
  return std::nullopt;
}

template <typename T>
Problem ReadNumber(const std::string& text, T& out, std::string_view what) {
  T value = {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Concat({"\"", Excerpt(text), "\" is no ", what});
  }
  out = value;
  return std::nullopt;
}

template <std::string Config::*field>
Flag Text(Flag flag) {
  flag.set = [](Config& config, const std::string& text) -> Problem {
    config.*field = text;
    return std::nullopt;
  };
  flag.get = [](const Config& config) { return config.*field; };
  return flag;
}

template <std::int64_t Config::*field>
Flag Count(Flag flag) {
  flag.set = [](Config& config, const std::string& text) {
    return ReadNumber(text, config.*field, "whole number");
  };
  flag.get = [](const Config& config) { return absl::StrCat(config.*field); };
  return flag;
}

template <std::optional<std::int64_t> Config::*field>
Flag AutoCount(Flag flag) {
  flag.set = [](Config& config, const std::string& text) -> Problem {
    if (text == "auto") {
      (config.*field).reset();
      return std::nullopt;
    }
    return ReadNumber(text, (config.*field).emplace(), "whole number, and not auto");
  };
  flag.get = [](const Config& config) -> std::string {
    return config.*field ? absl::StrCat(*(config.*field)) : "auto";
  };
  return flag;
}

template <auto field>
Flag Number(Flag flag) {
  flag.set = [](Config& config, const std::string& text) {
    return ReadNumber(text, config.settings.*field, "number");
  };
  flag.get = [](const Config& config) { return absl::StrCat(config.settings.*field); };
  return flag;
}

template <absl::Duration Settings::*field>
Flag Duration(Flag flag) {
  flag.set = [](Config& config, const std::string& text) {
    return ReadDuration(text, config.settings.*field);
  };
  flag.get = [](const Config& config) { return absl::FormatDuration(config.settings.*field); };
  return flag;
}

Flag MinHeartbeatInterval(Flag flag) {
  flag.set = [](Config& config, const std::string& text) -> Problem {
    std::optional<absl::Duration>& interval = config.settings.min_heartbeat_interval;
    if (text == "auto") {
      interval.reset();
      return std::nullopt;
    }
    absl::Duration value;
    Problem problem = ReadDuration(text, value);
    if (!problem) interval = value;
    return problem;
  };
  flag.get = [](const Config& config) -> std::string {
    const auto& interval = config.settings.min_heartbeat_interval;
    return interval ? absl::FormatDuration(*interval) : "auto";
  };
  return flag;
}

struct LevelName {
  LogLevel level;
  std::string_view name;
};
constexpr LevelName kLevels[] = {{LogLevel::kDebug, "debug"},
                                 {LogLevel::kInfo, "info"},
                                 {LogLevel::kWarning, "warning"},
                                 {LogLevel::kError, "error"}};

Flag Level(Flag flag) {
  flag.set = [](Config& config, const std::string& text) -> Problem {
    for (const LevelName& each : kLevels) {
      if (each.name == text) {
        config.log_level = each.level;
        return std::nullopt;
      }
    }
    return absl::StrCat("\"", Excerpt(text), "\" is no level: write debug, info, warning or error");
  };
  flag.get = [](const Config& config) {
    for (const LevelName& each : kLevels) {
      if (each.level == config.log_level) return std::string(each.name);
    }
    return std::string();
  };
  return flag;
}

Flag Format(Flag flag) {
  flag.set = [](Config& config, const std::string& text) -> Problem {
    if (text != "text" && text != "json") {
      return absl::StrCat("\"", Excerpt(text), "\" is no format: write text or json");
    }
    config.log_format = text == "json" ? LogFormat::kJson : LogFormat::kText;
    return std::nullopt;
  };
  flag.get = [](const Config& config) -> std::string {
    return config.log_format == LogFormat::kJson ? "json" : "text";
  };
  return flag;
}

constexpr char kServing[] = "Serving";
constexpr char kStore[] = "Store";
constexpr char kLiveness[] = "Liveness";
constexpr char kPacing[] = "Pacing";
constexpr char kGuard[] = "Mass-failure guard";
constexpr char kLogging[] = "Logging";

std::vector<Flag> MakeFlags() {
  constexpr bool kReload = true;
  constexpr bool kRestart = false;
  const auto flag = [](std::string name, std::string group, std::string placeholder, bool reloadable,
                       std::string help) {
    return Flag{std::move(name), std::move(group), std::move(placeholder), std::move(help), reloadable,
                nullptr,         nullptr};
  };
  return {
      Text<&Config::grpc_listen>(
          flag("grpc-listen", kServing, "ADDRESS", kRestart,
               "Where gRPC is served: HOST:PORT, [IPV6]:PORT or unix:PATH; port 0 takes one "
               "that is free")),
      Text<&Config::port_file>(flag("port-file", kServing, "PATH", kRestart,
                                    "Write the address there once it is served, whole or not at all")),
      Text<&Config::http_listen>(flag("http-listen", kServing, "ADDRESS", kRestart,
                                      "Where HTTP/JSON is served, written like grpc-listen; empty: nowhere")),
      Text<&Config::http_port_file>(
          flag("http-port-file", kServing, "PATH", kRestart, "As port-file, with the address of HTTP")),
      Text<&Config::cors_origins>(
          flag("cors-origins", kServing, "ORIGINS", kRestart,
               "Origins of web pages that may use HTTP, like https://ops.example, separated by "
               "commas; *: all; empty: none but its own")),
      AutoCount<&Config::max_grpc_connections>(
          flag("max-grpc-connections", kServing, "COUNT", kRestart,
               "Connections of gRPC at the same time; auto: as many as the limit of open files allows")),
      AutoCount<&Config::max_http_connections>(
          flag("max-http-connections", kServing, "COUNT", kRestart,
               "Connections of HTTP at the same time; auto: 10000, or as many as the open files allow")),
      AutoCount<&Config::max_connections_per_address>(
          flag("max-connections-per-address", kServing, "COUNT", kRestart,
               "How many of them, of each server, may come from one IPv4 address or one IPv6 network of 64 "
               "bits; auto: half")),
      Text<&Config::store>(flag("store", kStore, "STORE", kRestart,
                                "Where the roll is kept: sqlite:PATH, postgresql://HOST/DATABASE (any number "
                                "of daemons may share it), or memory: (gone with the process)")),
      Count<&Config::history>(
          flag("history", kStore, "COUNT", kRestart, "Heartbeats kept for each worker, 1 to 1000")),
      Count<&Config::max_events>(flag("max-events", kStore, "COUNT", kRestart, "Events kept; older ones go")),
      Duration<&Settings::heartbeat_timeout>(flag("heartbeat-timeout", kLiveness, "DURATION", kReload,
                                                  "Silence after which an Active worker is called Offline")),
      Duration<&Settings::activation_interval>(
          flag("activation-interval", kLiveness, "DURATION", kReload,
               "How often Pending workers that were heard become Active")),
      Duration<&Settings::stale_interval>(flag("stale-interval", kLiveness, "DURATION", kReload,
                                               "How often silent Active workers are called Offline")),
      Duration<&Settings::reactivation_interval>(
          flag("reactivation-interval", kLiveness, "DURATION", kReload,
               "How often Offline workers that are heard become Active")),
      MinHeartbeatInterval(
          flag("min-heartbeat-interval", kPacing, "DURATION", kReload,
               "The shortest interval that workers are advised; auto: 10s, or a third of the "
               "timeout where that is shorter")),
      Number<&Settings::max_heartbeats_per_second>(
          flag("max-heartbeats-per-second", kPacing, "RATE", kReload,
               "The rate that the fleet is held to by longer intervals")),
      Number<&Settings::guard_share>(
          flag("guard-share", kGuard, "SHARE", kReload,
               "If more than this share of a region would go Offline at once, hold it for "
               "one timeout; 1 turns the guard off")),
      Number<&Settings::guard_min_workers>(flag("guard-min-workers", kGuard, "COUNT", kReload,
                                                "Regions with fewer Active workers are not guarded")),
      Format(flag("log-format", kLogging, "FORMAT", kReload, "text or json, to standard error")),
      Level(flag("log-level", kLogging, "LEVEL", kReload, "debug, info, warning or error")),
  };
}

}  // namespace

absl::Span<const Flag> Flags() {
  static const std::vector<Flag>& flags = *new std::vector<Flag>(MakeFlags());
  return flags;
}

std::string EnvironmentName(const Flag& flag) {
  return absl::StrCat("MUSTERD_", absl::AsciiStrToUpper(absl::StrReplaceAll(flag.name, {{"-", "_"}})));
}

}  // namespace muster::daemon

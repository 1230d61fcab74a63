// The configuration: where it comes from, which source wins, and how mistakes are reported.
#include "daemon/load.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "daemon/flags.h"
#include "scratch.h"

namespace muster::daemon {
namespace {

using Variables = std::map<std::string, std::string>;

std::variant<Loaded, EndNow> LoadFrom(std::vector<std::string> arguments, Variables variables = {}) {
  return Load({std::move(arguments), [variables](const std::string& name) -> std::optional<std::string> {
                 const auto it = variables.find(name);
                 return it == variables.end() ? std::nullopt : std::optional(it->second);
               }});
}

Config Good(std::vector<std::string> arguments, Variables variables = {}) {
  const auto loaded = LoadFrom(std::move(arguments), std::move(variables));
  if (const auto* end = std::get_if<EndNow>(&loaded)) FAIL(end->text);
  return std::get<Loaded>(loaded).config;
}

std::string Mistake(std::vector<std::string> arguments, Variables variables = {}) {
  const auto loaded = LoadFrom(std::move(arguments), std::move(variables));
  REQUIRE(std::holds_alternative<EndNow>(loaded));
  CHECK(std::get<EndNow>(loaded).exit_code == kExitUsage);
  return std::get<EndNow>(loaded).text;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("Without any source the defaults apply") {
  const Config config = Good({});
  CHECK(config.grpc_listen == "127.0.0.1:50051");
  CHECK(config.http_listen == "127.0.0.1:8080");
  CHECK(CorsOrigins(config).empty());
  CHECK(config.store == "sqlite:muster.db");
  CHECK(config.history == 100);
  CHECK(config.settings.heartbeat_timeout == absl::Minutes(2));
  CHECK(config.settings.activation_interval == absl::Seconds(10));
  CHECK(config.settings.stale_interval == absl::Seconds(30));
  CHECK(config.settings.reactivation_interval == absl::Seconds(30));
  CHECK_FALSE(config.settings.min_heartbeat_interval.has_value());
}

TEST_CASE("A flag beats the environment, which beats the file") {
  const Scratch file("heartbeat-timeout = \"4m\"\nstale-interval = 40s\nlog-level = debug\n");
  const std::string config = absl::StrCat("--config=", file.path());
  CHECK(Good({config}).settings.heartbeat_timeout == absl::Minutes(4));
  const Variables variables = {{"MUSTERD_HEARTBEAT_TIMEOUT", "5m"}, {"MUSTERD_LOG_LEVEL", "error"}};
  CHECK(Good({config}, variables).settings.heartbeat_timeout == absl::Minutes(5));
  const Config all = Good({config, "--heartbeat-timeout", "6m"}, variables);
  CHECK(all.settings.heartbeat_timeout == absl::Minutes(6));
  CHECK(all.log_level == LogLevel::kError);
  CHECK(all.settings.stale_interval == absl::Seconds(40));
}

TEST_CASE("The environment names the file, and a flag names another") {
  const Scratch one("history = 1\n");
  const Scratch two("history = 2\n");
  CHECK(Good({}, {{"MUSTERD_CONFIG", one.path()}}).history == 1);
  CHECK(Good({"--config", two.path()}, {{"MUSTERD_CONFIG", one.path()}}).history == 2);
}

TEST_CASE("Durations have the format of Go") {
  const std::pair<const char*, absl::Duration> durations[] = {{"500ms", absl::Milliseconds(500)},
                                                              {"1m30s", absl::Seconds(90)},
                                                              {"1.5h", absl::Minutes(90)},
                                                              {"20s", absl::Seconds(20)}};
  for (const auto& [text, duration] : durations) {
    CHECK(Good({"--heartbeat-timeout=3h", "--stale-interval", text}).settings.stale_interval == duration);
  }
  for (const char* text : {"10", "soon", "", "2x", "inf", "1m 30s", "10s "}) {
    INFO(text);
    const std::string mistake = Mistake({"--heartbeat-timeout", text});
    CHECK(Contains(mistake, "heartbeat-timeout"));
    CHECK(Contains(mistake, "1m30s"));
  }
}

TEST_CASE("Every setting can be given in every source") {
  for (const Flag& flag : Flags()) {
    INFO(flag.name);
    const std::string value = flag.get(Config());
    CHECK(flag.get(Good({absl::StrCat("--", flag.name, "=", value)})) == value);
    CHECK(flag.get(Good({}, {{EnvironmentName(flag), value}})) == value);
    const Scratch file(absl::StrCat(flag.name, " = \"", value, "\"\n"));
    CHECK(flag.get(Good({"--config", file.path()})) == value);
  }
}

TEST_CASE("Each flag sets its own value") {
  const Config config = Good({"--grpc-listen=[::1]:7",
                              "--port-file=p",
                              "--http-listen=[::1]:8",
                              "--http-port-file=q",
                              "--cors-origins=https://a.example, http://b.example:81",
                              "--max-grpc-connections=11",
                              "--max-http-connections=12",
                              "--max-connections-per-address=13",
                              "--store=memory:",
                              "--history=7",
                              "--max-events=8",
                              "--heartbeat-timeout=1h",
                              "--activation-interval=1s",
                              "--stale-interval=2s",
                              "--reactivation-interval=3s",
                              "--min-heartbeat-interval=4s",
                              "--max-heartbeats-per-second=5.5",
                              "--guard-share=0.25",
                              "--guard-min-workers=6",
                              "--log-format=json",
                              "--log-level=debug"});
  CHECK(config.grpc_listen == "[::1]:7");
  CHECK(config.port_file == "p");
  CHECK(config.http_listen == "[::1]:8");
  CHECK(config.http_port_file == "q");
  CHECK(CorsOrigins(config) == std::vector<std::string>{"https://a.example", "http://b.example:81"});
  CHECK(config.max_grpc_connections == 11);
  CHECK(config.max_http_connections == 12);
  CHECK(config.max_connections_per_address == 13);
  CHECK(config.store == "memory:");
  CHECK(config.history == 7);
  CHECK(config.max_events == 8);
  CHECK(config.settings.heartbeat_timeout == absl::Hours(1));
  CHECK(config.settings.activation_interval == absl::Seconds(1));
  CHECK(config.settings.stale_interval == absl::Seconds(2));
  CHECK(config.settings.reactivation_interval == absl::Seconds(3));
  CHECK(config.settings.min_heartbeat_interval == absl::Seconds(4));
  CHECK(config.settings.max_heartbeats_per_second == 5.5);
  CHECK(config.settings.guard_share == 0.25);
  CHECK(config.settings.guard_min_workers == 6);
  CHECK(config.log_format == LogFormat::kJson);
  CHECK(config.log_level == LogLevel::kDebug);
}

TEST_CASE("A mistake names the setting, its source, and what to write instead") {
  CHECK(Contains(Mistake({}, {{"MUSTERD_HEARTBEAT_TIMEOUT", "soon"}}), "MUSTERD_HEARTBEAT_TIMEOUT"));
  CHECK(Contains(Mistake({"--grpc-listen", "nowhere"}), "HOST:PORT"));
  CHECK(Contains(Mistake({"--http-listen", "nowhere"}), "http-listen"));
  CHECK(Contains(Mistake({"--cors-origins", "https://a.example/"}), "cors-origins"));
  CHECK(Contains(Mistake({"--cors-origins", "https://a.example,b"}), "\"b\""));
  CHECK(Contains(Mistake({"--store", "papyrus:scroll"}), "sqlite:PATH"));
  CHECK(Contains(Mistake({"--store", "sqlite:"}), "sqlite:PATH"));
  CHECK(Contains(Mistake({"--max-grpc-connections", "0"}), "max-grpc-connections"));
  CHECK(Contains(Mistake({"--max-http-connections", "1000001"}), "1000000"));
  CHECK(Contains(Mistake({"--max-connections-per-address", "few"}), "auto"));
  CHECK(Contains(Mistake({"--history", "0"}), "between 1 and 1000"));
  CHECK(Contains(Mistake({"--history", "1001"}), "between 1 and 1000"));
  CHECK(Contains(Mistake({"--history", "many"}), "whole number"));
  CHECK(Contains(Mistake({"--max-events", "-1"}), "max-events"));
  CHECK(Contains(Mistake({"--guard-share", "1.5"}), "guard-share"));
  CHECK(Contains(Mistake({"--guard-share", "half"}), "number"));
  CHECK(Contains(Mistake({"--log-level", "loud"}), "debug, info, warning or error"));
  CHECK(Contains(Mistake({"--log-format", "xml"}), "text or json"));
  CHECK(Contains(Mistake({"--no-such-flag"}), "--no-such-flag"));
  CHECK(Contains(Mistake({"surplus"}), "surplus"));
  CHECK(Contains(Mistake({"--heartbeat-timeout", "-1s"}), "heartbeat-timeout"));
}

TEST_CASE("Settings that contradict each other are refused, with what to change") {
  const std::string slow = Mistake({"--stale-interval", "5m"});
  CHECK(Contains(slow, "stale-interval"));
  CHECK(Contains(slow, "heartbeat-timeout"));
  CHECK(Contains(Mistake({"--min-heartbeat-interval", "1m"}), "min-heartbeat-interval"));
}

TEST_CASE("A config file with a mistake is refused, and the error names it") {
  const auto mistake = [](const std::string& text) {
    const Scratch file(text);
    const std::string told = Mistake({"--config", file.path()});
    CHECK(Contains(told, file.path()));
    return told;
  };
  CHECK(Contains(mistake("heartbet-timeout = 3m\n"), "heartbet-timeout"));
  CHECK(Contains(mistake("[liveness]\nheartbeat-timeout = 3m\n"), "liveness"));
  CHECK(Contains(mistake("history = 3\nhistory = 4\n"), "once"));
  CHECK(Contains(mistake("history = 3\nmax-events = 9\nhistory = 4\n"), "once"));
  CHECK(Contains(mistake("heartbeat-timeout = soon\n"), "soon"));
  CHECK(Contains(mistake("heartbeat-timeout: 3m\n"), "heartbeat-timeout"));
  CHECK(Contains(mistake("config = other.toml\n"), "config"));
  CHECK(Contains(Mistake({"--config", "/nonexistent/musterd.toml"}), "/nonexistent/musterd.toml"));
}

TEST_CASE("The output of --check-config is a config file with the same settings") {
  const auto checked = LoadFrom({"--check-config", "--stale-interval", "20s", "--store", "memory:"},
                                {{"MUSTERD_LOG_LEVEL", "error"}});
  REQUIRE(std::holds_alternative<EndNow>(checked));
  const EndNow& end = std::get<EndNow>(checked);
  CHECK(end.exit_code == kExitOk);
  CHECK(Contains(end.text, "# from --stale-interval\nstale-interval = \"20s\""));
  CHECK(Contains(end.text, "# from MUSTERD_LOG_LEVEL"));
  const Scratch file(end.text);
  const Config back = Good({"--config", file.path()});
  const Config expected = Good({"--stale-interval", "20s", "--store", "memory:", "--log-level", "error"});
  for (const Flag& flag : Flags()) CHECK(flag.get(back) == flag.get(expected));
  CHECK(Contains(Mistake({"--check-config", "--stale-interval", "5m"}), "stale-interval"));
}

TEST_CASE("The help names every setting with its default, and the exit codes") {
  const auto help = LoadFrom({"--help"});
  REQUIRE(std::holds_alternative<EndNow>(help));
  CHECK(std::get<EndNow>(help).exit_code == kExitOk);
  const std::string& text = std::get<EndNow>(help).text;
  for (const Flag& flag : Flags()) CHECK(Contains(text, "--" + flag.name));
  CHECK(Contains(text, "sqlite:muster.db"));
  CHECK(Contains(text, "Exit codes"));
  const auto version = LoadFrom({"--version"});
  CHECK(std::get<EndNow>(version).exit_code == kExitOk);
  CHECK(std::get<EndNow>(version).text.rfind("musterd ", 0) == 0);
}

}  // namespace
}  // namespace muster::daemon

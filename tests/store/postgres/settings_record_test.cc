// Daemons of one roll with different settings find out that they differ, and in what.
#include "store/postgres/settings_record.h"

#include <string>
#include <vector>

#include "store/postgres/shared_registry.h"

namespace muster::postgres {
namespace {

using testing::SharedRegistry;

using Lines = std::vector<std::string>;

Lines Renew(SharedRegistry& registry, std::size_t store, const Settings& settings) {
  const Result<Membership> renewed =
      registry[store].coordination()->RenewMembership({}, settings, absl::Seconds(1));
  REQUIRE(renewed.ok());
  return renewed->differing_settings;
}

TEST_CASE("daemons with the same settings get no line, others get a line for each difference") {
  SharedRegistry registry(0);
  registry.Open({.holder = "musterd a:1"});
  registry.Open({.holder = "musterd b:1"});
  registry.Open({.history = 7, .holder = "musterd c:1"});
  const Settings settings;
  Settings short_timeout;
  short_timeout.heartbeat_timeout = absl::Seconds(20);
  CHECK(Renew(registry, 0, settings).empty());
  CHECK(Renew(registry, 1, settings).empty());
  const Lines differ = {"history: 100 at musterd a:1 and musterd b:1, 7 at musterd c:1"};
  CHECK(Renew(registry, 2, settings) == differ);
  CHECK(Renew(registry, 0, settings) == differ);

  const Lines reloaded = {"heartbeat-timeout: 20s at musterd b:1, 2m at musterd a:1 and musterd c:1",
                          differ[0]};
  CHECK(Renew(registry, 1, short_timeout) == reloaded);
  CHECK(Renew(registry, 2, settings) == reloaded);
  // A daemon of a version that records nothing, or more than this one knows.
  registry.Execute("UPDATE daemons SET settings = NULL WHERE holder = 'musterd b:1'");
  registry.Execute(
      "UPDATE daemons SET settings = settings || '{\"probe-interval\": \"1s\"}' WHERE holder = 'musterd "
      "a:1'");
  CHECK(Renew(registry, 2, settings) == Lines{"history: 100 at musterd a:1, 7 at musterd c:1"});
}

TEST_CASE("the longest timeout is that of the daemons that record one") {
  Settings settings;
  settings.heartbeat_timeout = absl::Microseconds(12'345'678);
  const std::string record = SettingsRecord(settings, {});
  CHECK(LongestTimeout({{"a", record}}) == settings.heartbeat_timeout);
  CHECK(LongestTimeout({{"a", record}, {"b", R"({"heartbeat-timeout": "2m"})"}}) == absl::Minutes(2));
  CHECK(LongestTimeout({{"old", ""},
                        {"broken", "nonsense"},
                        {"number", R"({"heartbeat-timeout": 7})"},
                        {"text", R"({"heartbeat-timeout": "soon"})"}}) == absl::ZeroDuration());
}

TEST_CASE("a large number of daemons makes no long line") {
  std::vector<DaemonSettings> daemons = {{"x", R"({"history": "7"})"}, {"broken", "nonsense"}, {"old", ""}};
  for (int i = 0; i < 100; ++i) daemons.push_back({"d" + std::to_string(100 + i), R"({"history": "8"})"});
  CHECK(DifferingSettings(daemons) ==
        Lines{"history: 7 at x, 8 at d100 and d101 and d102 and d103 and 96 more"});
}

}  // namespace
}  // namespace muster::postgres

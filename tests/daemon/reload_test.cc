// What SIGHUP changes, and what waits for a restart.
#include <algorithm>
#include <string>

#include "catch.h"
#include "daemon/flags.h"
#include "daemon/load.h"

namespace muster::daemon {
namespace {

TEST_CASE("If nothing changed, there is nothing to do") {
  const Reload plan = PlanReload(Config(), Config());
  CHECK(plan.changes.empty());
  CHECK(plan.need_restart.empty());
}

TEST_CASE("Liveness, pacing, the guard and logging change at once; the rest waits") {
  Config loaded;
  loaded.settings.heartbeat_timeout = absl::Minutes(3);
  loaded.settings.guard_share = 0.75;
  loaded.settings.min_heartbeat_interval = absl::Seconds(20);
  loaded.log_level = LogLevel::kDebug;
  loaded.store = "memory:";
  loaded.grpc_listen = "127.0.0.1:1";
  const Reload plan = PlanReload(Config(), loaded);
  CHECK(plan.changes == std::vector<std::string>{"heartbeat-timeout: 2m -> 3m",
                                                 "min-heartbeat-interval: auto -> 20s",
                                                 "guard-share: 0.5 -> 0.75", "log-level: info -> debug"});
  CHECK(plan.need_restart == std::vector<std::string>{"grpc-listen: 127.0.0.1:50051 -> 127.0.0.1:1",
                                                      "store: sqlite:muster.db -> memory:"});
  CHECK(plan.next.settings.heartbeat_timeout == absl::Minutes(3));
  CHECK(plan.next.log_level == LogLevel::kDebug);
  CHECK(plan.next.store == "sqlite:muster.db");
  CHECK(plan.next.grpc_listen == "127.0.0.1:50051");
}

TEST_CASE("The part of a changed timeout that waits for a restart is reported") {
  Config loaded;
  loaded.settings.guard_share = 0.75;
  CHECK(PlanReload(Config(), loaded).partly.empty());
  loaded.settings.heartbeat_timeout = absl::Minutes(3);
  CHECK(PlanReload(Config(), loaded).partly ==
        std::vector<std::string>{"heartbeat-timeout: how soon a gRPC connection that died is noticed"});
}

TEST_CASE("A password that changes is not shown") {
  Config running;
  running.store = "postgresql://muster:old@db/muster";
  Config loaded;
  loaded.store = "postgresql://muster:new@standby/muster";
  CHECK(PlanReload(running, loaded).need_restart ==
        std::vector<std::string>{
            "store: postgresql://muster:***@db/muster -> postgresql://muster:***@standby/muster"});
}

TEST_CASE("A change that waits for a restart is reported again at every reload") {
  Config loaded;
  loaded.history = 7;
  const Reload first = PlanReload(Config(), loaded);
  CHECK(PlanReload(first.next, loaded).need_restart == first.need_restart);
}

TEST_CASE("The plan applies exactly the flags that are marked as reloadable") {
  const char* const other[] = {"[::1]:7", "p",       "[::1]:8", "q",    "*",  "11",   "12",
                               "13",      "memory:", "7",       "8",    "1h", "1s",   "2s",
                               "3s",      "4s",      "5",       "0.25", "6",  "json", "debug"};
  const auto flags = Flags();
  REQUIRE(flags.size() == std::size(other));
  for (std::size_t i = 0; i < flags.size(); ++i) {
    INFO(flags[i].name);
    Config loaded;
    REQUIRE_FALSE(flags[i].set(loaded, other[i]).has_value());
    const Reload plan = PlanReload(Config(), loaded);
    const std::string taken = flags[i].get(plan.next);
    CHECK((taken == flags[i].get(loaded)) == flags[i].reloadable);
    CHECK(plan.changes.size() + plan.need_restart.size() == 1);
  }
}

}  // namespace
}  // namespace muster::daemon

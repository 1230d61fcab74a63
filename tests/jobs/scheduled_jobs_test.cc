#include "jobs/scheduled_jobs.h"

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "muster/settings.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/registry/flaky_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {
namespace {

struct Fixture {
  Disk disk;
  ManualClock clock;
  Settings settings;
  std::optional<VirtualDaemon> daemon;

  void Start() { daemon.emplace(disk, clock, settings); }
  void Restart(absl::Duration away) {
    daemon.reset();
    clock.Advance(away);
    Start();
  }
};

TEST_CASE("each job runs at its interval, the first time after one interval") {
  Fixture f;
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(9));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kPending);
  f.daemon->Run(absl::Seconds(1));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  f.daemon->Run(absl::Seconds(109));  // silent for 119 s
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  f.daemon->Run(absl::Seconds(1));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kOffline);
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(29));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kOffline);
  f.daemon->Run(absl::Seconds(1));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
}

TEST_CASE("new intervals take effect within a second") {
  Fixture f;
  f.settings.activation_interval = absl::Seconds(100);
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(50));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kPending);
  f.settings.activation_interval = absl::Seconds(20);
  f.daemon->registry().SetSettings(f.settings);
  f.daemon->Run(absl::Seconds(1));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
}

TEST_CASE("a job that failed runs again as soon as the store is back") {
  Fixture f;
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(9));
  f.disk.away = true;
  f.daemon->Run(absl::Seconds(2));
  CHECK(f.daemon->registry().Status().job_failures == 1);
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kPending);
  f.disk.away = false;
  f.daemon->Run(absl::Seconds(2));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  CHECK(f.daemon->registry().Status().job_failures == 1);
}

TEST_CASE("stopped jobs run no more") {
  Fixture f;
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->jobs().Stop();
  f.daemon->Run(absl::Minutes(5));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kPending);
}

TEST_CASE("a start shortly before a job is due does not delay it") {
  Fixture f;
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(119.5));
  REQUIRE(f.daemon->Register("another", "eu").ok());  // stores the clock: no more than a second to go
  f.Restart(absl::Seconds(1));
  f.daemon->Run(absl::Seconds(39));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  f.daemon->Run(absl::Seconds(5));  // after the allowance, what is left of the timeout; an interval is 30 s
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kOffline);
}

TEST_CASE("a daemon that never lives long still finds dead workers, and calls no others Offline") {
  struct Case {
    std::string what;
    absl::Duration lives;
    absl::Duration away;
    int lives_needed;  // for two and a half minutes of the listening clock, and all the credit
  };
  const Case cases[] = {
      {"a minute", absl::Seconds(60), absl::Seconds(5), 10},
      {"ten seconds", absl::Seconds(10), absl::Seconds(5), 50},
      {"three seconds", absl::Seconds(3), absl::Seconds(1), 300},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Fixture f;
    f.Start();
    REQUIRE(f.daemon->Register("alive", "eu").ok());
    REQUIRE(f.daemon->Register("dead", "eu").ok());
    REQUIRE(f.daemon->Heartbeat("dead").ok());
    REQUIRE(f.daemon->Heartbeat("alive").ok());
    f.daemon->Run(absl::Seconds(11));
    REQUIRE(f.daemon->StatusOf("dead") == WorkerStatus::kActive);
    int lives = 0;
    while (f.daemon->StatusOf("dead") == WorkerStatus::kActive) {
      REQUIRE(++lives <= c.lives_needed);
      REQUIRE(f.daemon->Heartbeat("alive").ok());
      f.daemon->Run(c.lives);
      REQUIRE(f.daemon->StatusOf("alive") == WorkerStatus::kActive);
      f.Restart(c.away);
    }
  }
}

TEST_CASE("an hour of SIGSTOP or of an absent store, or a year on the wall clock, calls no worker Offline") {
  Fixture f;
  f.Start();
  REQUIRE(f.daemon->Register("w", "eu").ok());
  REQUIRE(f.daemon->Heartbeat("w").ok());
  f.daemon->Run(absl::Seconds(110));  // ten seconds before its timeout
  REQUIRE(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  SECTION("SIGSTOP") {
    f.daemon->Freeze(absl::Hours(1));
  }
  SECTION("a wall clock a year ahead") {
    f.clock.StepWall(absl::Hours(24 * 365));
  }
  SECTION("a wall clock a year behind") {
    f.clock.StepWall(-absl::Hours(24 * 365));
  }
  SECTION("no store") {
    f.disk.away = true;
    CHECK_FALSE(f.daemon->Heartbeat("w").ok());
    f.daemon->Run(absl::Hours(1));
    f.disk.away = false;
    f.daemon->Run(absl::Seconds(30));
  }
  SECTION("down") {
    f.Restart(absl::Hours(1));
  }
  f.daemon->Run(absl::Seconds(5));
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kActive);
  f.daemon->Run(absl::Seconds(190));  // the longest allowance, what is left of the timeout, an interval
  CHECK(f.daemon->StatusOf("w") == WorkerStatus::kOffline);
}

}  // namespace
}  // namespace muster

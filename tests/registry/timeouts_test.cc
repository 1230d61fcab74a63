// The timeouts that the roll keeps: over reloads, restarts with other settings, and daemons that differ. A
// worker that beats at the pace that it was told is never called Offline, and a dead one is found.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "muster/registry.h"
#include "registry/heartbeat_summary.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/registry/shared_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {
namespace {

using enum WorkerStatus;

constexpr absl::Duration kLong = absl::Seconds(120);
constexpr absl::Duration kShort = absl::Seconds(12);

Settings With(absl::Duration timeout) {
  Settings settings;
  settings.heartbeat_timeout = timeout;
  settings.activation_interval = settings.stale_interval = settings.reactivation_interval = absl::Seconds(1);
  settings.guard_share = 1;
  return settings;
}

/// A worker that beats, and another one that was heard once.
void Begin(VirtualDaemon& daemon) {
  for (const char* id : {"slow", "dead"}) {
    REQUIRE(daemon.Register(id, "eu").ok());
    REQUIRE(daemon.Heartbeat(id).ok());
  }
  daemon.Run(absl::Seconds(2));
  REQUIRE(daemon.StatusOf("dead") == kActive);
}

/// At the pace that it was told first: 40 s at most.
void BeatSlowly(VirtualDaemon& daemon, int times) {
  for (int i = 0; i < times; ++i) {
    daemon.Run(absl::Seconds(39));
    REQUIRE(daemon.StatusOf("slow") == kActive);
    REQUIRE(daemon.Heartbeat("slow").ok());
  }
}

TEST_CASE("after a reload to a shorter timeout nobody is judged by it who was not told it") {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon(disk, clock, With(kLong));
  Begin(daemon);
  daemon.registry().SetSettings(With(kShort));
  daemon.Run(absl::Seconds(39));
  CHECK(daemon.StatusOf("slow") == kActive);
  REQUIRE(daemon.Heartbeat("slow").ok());  // and is told 12 s
  daemon.Run(kShort - absl::Seconds(1));
  CHECK(daemon.StatusOf("slow") == kActive);
  daemon.Run(absl::Seconds(3));
  CHECK(daemon.StatusOf("slow") == kOffline);
  CHECK(daemon.StatusOf("dead") == kActive);  // it has two minutes from when it was heard
  daemon.Run(kLong - absl::Seconds(53));
  CHECK(daemon.StatusOf("dead") == kOffline);
}

TEST_CASE("a start with a shorter timeout judges by the one that was told before") {
  Disk disk;
  ManualClock clock;
  std::optional<VirtualDaemon> daemon(std::in_place, disk, clock, With(kLong));
  Begin(*daemon);
  daemon.reset();  // as kill -9
  daemon.emplace(disk, clock, With(kShort));
  daemon->Run(absl::Seconds(39));
  CHECK(daemon->StatusOf("slow") == kActive);
  REQUIRE(daemon->Heartbeat("slow").ok());
  // Again, and longer: the shorter one is forgotten.
  daemon.reset();
  daemon.emplace(disk, clock, With(kLong));
  BeatSlowly(*daemon, 3);
  daemon->Run(kLong);
  CHECK(daemon->StatusOf("dead") == kOffline);
}

TEST_CASE("a shorter timeout counts only once the roll knows of the one before") {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon(disk, clock, With(kLong));
  Begin(daemon);
  disk.away = true;
  daemon.registry().SetSettings(With(kShort));
  daemon.Run(absl::Seconds(5));
  CHECK(daemon.registry().Timeouts().in_force == kLong);
  disk.away = false;
  daemon.Run(absl::Seconds(5));
  CHECK(daemon.registry().Timeouts().in_force == kShort);
  REQUIRE(daemon.registry().Timeouts().told.size() == 1);
  CHECK(daemon.registry().Timeouts().told[0].timeout == kLong);
}

TEST_CASE("a summary calls a worker fresh by the limit by which the jobs judge it") {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon(disk, clock, With(kLong));
  Begin(daemon);
  daemon.registry().SetSettings(With(kShort));
  daemon.Run(kShort * 2);
  const ScanReads& reads = disk.store->Reader();
  CHECK(GetWorkerWithHeartbeats(reads, daemon.registry(), "slow")->heartbeats.fresh);
  REQUIRE(daemon.Heartbeat("slow").ok());
  daemon.Run(kShort - absl::Seconds(1));
  CHECK(GetWorkerWithHeartbeats(reads, daemon.registry(), "slow")->heartbeats.fresh);
  daemon.Run(absl::Seconds(2));  // and the writer reads its clock once a tick
  CHECK_FALSE(GetWorkerWithHeartbeats(reads, daemon.registry(), "slow")->heartbeats.fresh);
}

TEST_CASE("settings that are the same again write nothing") {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon(disk, clock, With(kLong));
  daemon.Run(absl::Seconds(1));
  Settings settings = With(kLong);
  settings.guard_share = 0.5;
  daemon.registry().SetSettings(settings);
  daemon.Run(absl::Seconds(1));
  CHECK(daemon.registry().Timeouts().told.empty());
}

struct Shared {
  explicit Shared(bool leads, absl::Duration own = kShort) {
    others.membership.leads = leads;
    others.membership.heard.advancing = true;
    others.membership.longest_timeout = kLong;
    others.store->Begin().SetTimeouts({kLong, {}});
    REQUIRE(others.store->Commit({}).committed());
    daemon.emplace(std::make_unique<SharedStore>(others), clock, With(own));
    daemon->Run(absl::Seconds(2));
  }
  absl::Duration InForce() const { return others.store->Timeouts().in_force; }

  OtherDaemons others;
  ManualClock clock;
  std::optional<VirtualDaemon> daemon;
};

TEST_CASE("a leader keeps the longest timeout of the daemons in force, until none has it") {
  Shared roll(/*leads=*/true);
  CHECK(roll.InForce() == kLong);
  roll.others.membership.longest_timeout = kShort;
  roll.daemon->Run(absl::Seconds(2));
  CHECK(roll.InForce() == kShort);
  REQUIRE(roll.others.store->Timeouts().told.size() == 1);
  CHECK(roll.others.store->Timeouts().told[0].timeout == kLong);
}

TEST_CASE("a follower makes the timeout longer before it hears anybody, and never shorter") {
  Shared roll(/*leads=*/false);
  roll.others.membership.longest_timeout = kShort;
  roll.daemon->Run(absl::Seconds(2));
  CHECK(roll.InForce() == kLong);
  const absl::Duration longer = 2 * kLong;
  roll.daemon->registry().SetSettings(With(longer));
  roll.daemon->Run(absl::Seconds(2));
  CHECK(roll.InForce() == longer);
}

TEST_CASE("a daemon that cannot tell the roll of its longer timeout hears nobody until it can") {
  Shared roll(/*leads=*/false);
  REQUIRE(roll.daemon->Register("w", "eu").ok());
  roll.others.row_is_held = true;
  roll.daemon->registry().SetSettings(With(2 * kLong));
  roll.daemon->Run(absl::Seconds(2));
  CHECK(roll.InForce() == kLong);
  CHECK_FALSE(roll.daemon->Heartbeat("w").ok());
  roll.others.row_is_held = false;
  roll.daemon->Run(absl::Seconds(2));
  CHECK(roll.InForce() == 2 * kLong);
  CHECK(roll.daemon->Heartbeat("w").ok());
}

}  // namespace
}  // namespace muster

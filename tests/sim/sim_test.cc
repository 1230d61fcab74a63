// Simulated worlds in which everything goes wrong that may: no promise is broken. And what today's code does
// not survive.
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/sim/plan.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

namespace muster::sim {
namespace {

// Runs some seeds of a choice, until one breaks a promise. Its story; empty if there is none.
std::string Broken(const Choice& choice, std::uint64_t seeds, std::uint64_t first = 1) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const Plan plan = MakePlan(seed, choice);
    const Verdict verdict = World(plan).Run();
    if (!verdict.broken.empty()) return Tale(plan, verdict);  // muster_sim finds a shorter one
  }
  return "";
}

// Nothing goes wrong but what shows this hole.
std::string BrokenBy(Hole hole, int daemons = 1) {
  Choice choice;
  choice.holes = {hole};
  choice.only_holes = true;
  choice.daemons = daemons;
  return Broken(choice, 3);
}

TEST_CASE("whatever fails: what was acknowledged is kept, and no living worker is called Offline") {
  CHECK(Broken({}, 4) == "");
}

TEST_CASE("a world without accidents is quiet: nobody is called Offline, and nothing is in doubt") {
  Choice choice;
  choice.daemons = GENERATE(1, 3);
  Plan plan = MakePlan(5, choice);
  plan.accidents.clear();
  const Verdict verdict = World(plan).Run();
  CHECK(verdict.broken == "");
  CHECK(verdict.called_offline == 0);
  CHECK(verdict.in_doubt == 0);
  CHECK(verdict.heartbeats > 100);
  CHECK(verdict.lives == plan.daemons);
}

TEST_CASE("one seed is one run") {
  const Plan plan = MakePlan(9, {});
  const Verdict first = World(plan).Run();
  const Verdict second = World(plan).Run();
  CHECK(first.fingerprint == second.fingerprint);
  CHECK(first.story == second.story);
  CHECK(first.heartbeats == second.heartbeats);
  CHECK(World(MakePlan(10, {})).Run().fingerprint != first.fingerprint);
}

TEST_CASE("a long story is told in few words") {
  Choice choice;
  choice.holes = {Hole::kStuckMember};
  choice.daemons = 2;
  choice.length = absl::Minutes(20);
  Plan plan;
  Verdict verdict;
  for (std::uint64_t seed = 1; verdict.broken.empty() && seed <= 20; ++seed) {
    plan = MakePlan(seed, choice);
    verdict = World(plan).Run();
  }
  REQUIRE(plan.accidents.size() > 20);
  REQUIRE(verdict.broken != "");
  const Shrunk shrunk = Shrink(plan, verdict, 45);
  CHECK(shrunk.plan.accidents.size() <= 3);
  CHECK(shrunk.verdict.broken != "");
  INFO(Tale(shrunk.plan, shrunk.verdict));
  CHECK(Tale(shrunk.plan, shrunk.verdict).find("the transactions of daemon") != std::string::npos);
}

TEST_CASE("a disk that is slow, but answers, does not hide the dead") {
  Choice choice;
  choice.daemons = 1;
  choice.only = {Kind::kDiskSlow, Kind::kWorkerDies, Kind::kWorkerComesBack};
  CHECK(Broken(choice, 3) == "");
}

TEST_CASE("an outage of the store is no silence, from its first moment on") {
  Choice choice;
  choice.daemons = 1;
  choice.workers = 2;  // a larger fleet would notice it at once
  choice.only = {Kind::kDiskFails};
  choice.watched_closely = true;
  CHECK(Broken(choice, 3) == "");
}

TEST_CASE("after a long outage, clients with the pauses of gRPC find their way back in time") {
  Choice choice;
  choice.daemons = 1;
  choice.only = {Kind::kKill, Kind::kPause, Kind::kPortLost, Kind::kDiskFails};
  choice.long_pauses = true;
  choice.between = absl::Minutes(25);  // so that there is credit for each
  choice.length = absl::Hours(5);
  CHECK(Broken(choice, 1) == "");
}

TEST_CASE("a daemon whose port is dead counts nobody's silence") {
  Choice choice;
  choice.daemons = 1;
  choice.only = {Kind::kPortLost, Kind::kPortFlaps};
  CHECK(Broken(choice, 3) == "");
}

// Reloads and restarts with another timeout, and daemons of one roll that differ; besides, only workers that
// die and daemons that are killed.
TEST_CASE("a worker is not judged by a timeout that is shorter than it was told") {
  Choice choice;
  choice.daemons = GENERATE(1, 2);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Plan plan = MakePlan(seed, choice);
    for (Accident& accident : plan.accidents) {
      constexpr Kind kKinds[] = {Kind::kShorterTimeout, Kind::kLongerTimeout,   Kind::kRestartOtherTimeout,
                                 Kind::kWorkerDies,     Kind::kWorkerComesBack, Kind::kKill};
      accident.kind = kKinds[accident.luck % std::size(kKinds)];
    }
    const Verdict verdict = World(plan).Run();
    INFO(Tale(plan, verdict));
    CHECK(verdict.broken == "");
  }
}

// A world of one daemon in which, beside losses of power, only this goes wrong.
std::string BrokenByAccidents(std::initializer_list<Kind> kinds) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Choice choice;
    choice.daemons = 1;
    Plan plan = MakePlan(seed, choice);
    const std::vector<Kind> all(kinds);
    for (std::size_t i = 0; i < plan.accidents.size(); ++i) plan.accidents[i].kind = all[i % all.size()];
    const Verdict verdict = World(plan).Run();
    if (!verdict.broken.empty()) return Tale(plan, verdict);
  }
  return "";
}

TEST_CASE("after a failed sync, a loss of power takes nothing that was acknowledged") {
  CHECK(BrokenByAccidents({Kind::kLogSyncFails, Kind::kMainSyncFails, Kind::kPowerLoss}) == "");
}

TEST_CASE("nothing is acknowledged into a file that has lost its name") {
  CHECK(BrokenByAccidents({Kind::kFileRemoved}) == "");
  CHECK(BrokenByAccidents({Kind::kFileReplaced}) == "");
}

// What follows is expected to fail until the members of a shared roll know of each other whether they hear.

TEST_CASE("the workers of a daemon that is stuck are not called Offline by another one", "[!shouldfail]") {
  CHECK(BrokenBy(Hole::kStuckMember, 2) == "");
}

}  // namespace
}  // namespace muster::sim

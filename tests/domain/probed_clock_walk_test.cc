// Every short sequence of accidents, and long random ones: tests/domain/probed_world.h says what must hold
// after each step.
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/domain/probed_world.h"
#include "tests/domain/walk.h"

namespace muster {
namespace {

using Answers = ProbedWorld::Answers;

using Step = muster::Step<ProbedWorld>;

constexpr absl::Duration kTimeout = absl::Seconds(12);  // a tick of 0.6 s, a limit of 8 s

void Toggle(ProbedWorld& world, std::size_t socket, Answers answers) {
  world.SetAnswers(socket, world.answers(socket) == answers ? Answers::kYes : answers);
  world.Ticks(1);
}

const Step kTick = {"tick", [](ProbedWorld& w) { w.Ticks(1); }};
const Step kWork = {"work", [](ProbedWorld& w) { w.Ticks(9); }};
const Step kShortStop = {"short SIGSTOP", [](ProbedWorld& w) { w.Freeze(3 * w.tick()); }};
const Step kStop = {"SIGSTOP", [](ProbedWorld& w) { w.Freeze(6 * w.tick()); }};
const Step kStuck = {"stuck", [](ProbedWorld& w) { w.Stick(7); }};
const Step kShortStuck = {"stuck for a moment", [](ProbedWorld& w) { w.Stick(4); }};
const Step kLongStop = {"long SIGSTOP", [](ProbedWorld& w) { w.Freeze(absl::Hours(1)); }};
const Step kRestart = {"restart", [](ProbedWorld& w) { w.Restart(w.tick()); }};
const Step kReboot = {"other boot", [](ProbedWorld& w) { w.Restart(absl::Seconds(30), "boot 2"); }};
const Step kDeaf = {"port 1 deaf or not", [](ProbedWorld& w) { Toggle(w, 0, Answers::kNever); }};
const Step kRefused = {"port 2 refuses or not", [](ProbedWorld& w) { Toggle(w, 1, Answers::kRefuses); }};
const Step kSlow = {"answers take T/4", [](ProbedWorld& w) { w.SetDelay(kTimeout / 4), w.Ticks(1); }};
const Step kSlow2 = {"answers of port 2 take T/4",
                     [](ProbedWorld& w) { w.SetDelay(1, kTimeout / 4), w.Ticks(1); }};
const Step kHung = {"answers take too long", [](ProbedWorld& w) { w.SetDelay(kTimeout), w.Ticks(1); }};
const Step kQuick = {"answers take no time", [](ProbedWorld& w) { w.SetDelay({}), w.Ticks(1); }};
const Step kStoreFails = {"store fails", [](ProbedWorld& w) { w.StoreFails(), w.Ticks(1); }};
const Step kStoreWorks = {"store works", [](ProbedWorld& w) { w.StoreWorks(), w.Ticks(1); }};
const Step kShorter = {"reload to T/4", [](ProbedWorld& w) { w.Reload(kTimeout / 4), w.Ticks(1); }};
const Step kLonger = {"reload to 50 T", [](ProbedWorld& w) { w.Reload(kTimeout * 50), w.Ticks(1); }};
const Step kBack = {"reload to T", [](ProbedWorld& w) { w.Reload(kTimeout), w.Ticks(1); }};
const Step kDrain = {"drain and start", [](ProbedWorld& w) { w.Drain(), w.Ticks(1), w.Restart(w.tick()); }};

// Once everything works, a worker that is dead from now on is found.
std::string FindsTheDead(ProbedWorld world) {
  world.Heal();
  world.Reload(kTimeout);
  const absl::Duration stamp = world.Running();
  world.Work(kTimeout + world.longest_cap() + 3 * world.longest_limit() + 10 * world.longest_tick());
  if (!world.broken().empty()) return world.broken();
  if (world.proven() - stamp < kTimeout) return "a dead worker is not found";
  return world.why();
}

// A first start; a start with little credit; one in the middle of an allowance.
std::vector<ProbedWorld> Beginnings() {
  const auto with = [](double credit, double left) {
    return ProvenState{ListeningTime::FromMicros(5'000'000), absl::Seconds(credit), absl::Seconds(left),
                       "boot 1", absl::Seconds(7195)};
  };
  std::vector<ProbedWorld> worlds;
  worlds.emplace_back(kTimeout);
  worlds.emplace_back(kTimeout, 2, with(3, 0));
  worlds.emplace_back(kTimeout, 2, with(150, 20));
  for (ProbedWorld& world : worlds) world.Ticks(2);
  return worlds;
}

TEST_CASE("whatever happens in whatever order, the clock of a daemon keeps its promises") {
  const std::vector<std::vector<Step>> alphabets = {
      {kWork, kShortStop, kStop, kRestart},     {kWork, kReboot, kRestart, kTick},
      {kWork, kDeaf, kRefused, kTick},          {kWork, kSlow, kHung, kDeaf},
      {kWork, kStoreFails, kStoreWorks, kSlow}, {kTick, kStoreFails, kStoreWorks, kStop},
      {kTick, kDeaf, kSlow2, kQuick},           {kTick, kDeaf, kSlow2, kWork},
      {kTick, kShortStuck, kStuck, kSlow},      {kWork, kShorter, kLonger, kStop},
      {kTick, kShorter, kBack, kSlow},
  };
  for (const std::vector<Step>& alphabet : alphabets) {
    Walk<ProbedWorld> walk(alphabet, FindsTheDead);
    for (const ProbedWorld& world : Beginnings()) walk.All(world, 6);
    CHECK(walk.visited() > 15'000);
  }
}

TEST_CASE("in hours of accidents of all kinds the clock of a daemon keeps its promises") {
  const std::vector<Step> alphabet = {
      kTick,       kWork,       kWork,       kWork,    kShortStop, kStop,  kLongStop, kStuck, kShortStuck,
      kRestart,    kReboot,     kDeaf,       kRefused, kSlow,      kSlow2, kHung,     kQuick, kQuick,
      kStoreFails, kStoreWorks, kStoreWorks, kShorter, kLonger,    kBack,  kDrain};
  Walk<ProbedWorld> walk(alphabet, FindsTheDead);
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    walk.Random(ProbedWorld(kTimeout, 2 + seed % 2), 300, random);
  }
}

}  // namespace
}  // namespace muster

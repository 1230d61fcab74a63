// Every short sequence of accidents of two daemons that share a roll, and long random ones.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/probed_clock.h"
#include "domain/shared_clock.h"
#include "tests/catch.h"
#include "tests/domain/walk.h"

namespace muster {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(12);
constexpr absl::Duration kTick = absl::Milliseconds(600);

// Two daemons, the database that they share, and what is true of them. It checks after each tick what must
// always hold.
class SharedWorld {
 public:
  struct Daemon {
    std::string name;
    bool runs = true;
    bool hears = true;
    bool reports = true;
    std::int64_t blind_times = 0;
    absl::Duration hears_since;
    // Of its workers: the time in which it heard them, and how far a stamp leads that at least.
    absl::Duration heard;
    absl::Duration least_lead = absl::InfiniteDuration();
  };

  explicit SharedWorld(absl::Duration credit_of_b) {
    settings_.heartbeat_timeout = kTimeout;
    const SharedState last = {ListeningTime::FromMicros(1'000'000),
                              now_ - kTick,
                              absl::Seconds(150),
                              absl::ZeroDuration(),
                              absl::Seconds(20),
                              {{"a", true, false, 0, now_ - kTick, absl::Seconds(162), absl::ZeroDuration()},
                               {"b", true, false, 0, now_ - kTick, credit_of_b, absl::ZeroDuration()}}};
    clock_.Start(now_, last, settings_);
    daemons_[0].name = "a";
    daemons_[1].name = "b";
    proven_ = clock_.proven();
    counted_from_ = clock_.proven();
    Ticks(2);
  }

  void Ticks(int count) {
    for (int i = 0; i < count; ++i) OneTick();
  }
  void SetHears(int i, bool hears) {
    Daemon& daemon = daemons_[i];
    if (daemon.hears && !hears) ++daemon.blind_times;
    if (!daemon.hears && hears) daemon.hears_since = now_;
    daemon.hears = hears;
    ++accidents_;
  }
  void SetReports(int i, bool reports) { daemons_[i].reports = reports, ++accidents_; }
  void Kill(int i, bool noticed) {
    daemons_[i].runs = false;
    if (noticed) clock_.SessionGone(daemons_[i].name, now_);
    ++accidents_;
  }
  void Start(int i) {
    daemons_[i].runs = daemons_[i].reports = daemons_[i].hears = true;
    daemons_[i].blind_times = 0;
    daemons_[i].hears_since = now_;
    clock_.Join(daemons_[i].name, now_);
    ++accidents_;
  }
  void StepDatabase(absl::Duration by) {
    now_ += by;
    stepped_ += by;
    for (Daemon& daemon : daemons_) daemon.hears_since += by;
    ++accidents_;
  }
  void ChangeLeader() {
    const SharedState stored = clock_.stored_state();
    clock_.Start(now_, stored, settings_);
    running_ = clock_.running();
    ++accidents_;
  }
  void Heal() {
    for (int i : {0, 1}) {
      if (!daemons_[i].runs) Start(i);
      SetHears(i, true);
      SetReports(i, true);
    }
  }

  Daemon& daemon(int i) { return daemons_[i]; }
  SharedClock& clock() { return clock_; }
  absl::Duration counted() const { return clock_.proven() - counted_from_; }
  absl::Duration heard_by_any() const { return heard_by_any_; }
  int accidents() const { return accidents_; }
  const std::string& broken() const { return broken_; }

 private:
  void OneTick() {
    now_ += kTick;
    bool any = false;
    for (Daemon& daemon : daemons_) {
      if (!daemon.runs || !daemon.hears) continue;
      daemon.heard += kTick;
      any = true;
    }
    if (any) heard_by_any_ += kTick;
    for (const Daemon& daemon : daemons_) {
      if (!daemon.runs || !daemon.reports) continue;
      const absl::Duration age = std::min(3 * kTick, now_ - daemon.hears_since);
      clock_.Report(daemon.name, {daemon.hears, daemon.blind_times, age}, now_);
    }
    clock_.Tick(now_);
    Check();
  }

  // The clock protects its workers: it is a member, and could pay for a stop that is not discovered yet.
  bool Protected(const Daemon& daemon, const SharedState& state) const {
    for (const SharedState::Member& member : state.members) {
      if (member.name == daemon.name) return member.present && member.credit > 8 * kTick;
    }
    return false;
  }

  void Check() {
    const ListeningTime proven = clock_.proven();
    if (proven < proven_) Fail("the proven reading went back");
    proven_ = proven;
    if (clock_.running() < running_) Fail("the running reading went back");
    running_ = clock_.running();
    if (running_ < proven) Fail("the running reading is behind the proven one");
    const SharedState state = clock_.stored_state();
    for (Daemon& daemon : daemons_) {
      if (!Protected(daemon, state)) {
        daemon.least_lead = absl::InfiniteDuration();
        continue;
      }
      if (daemon.runs && daemon.hears) {
        daemon.least_lead = std::min(daemon.least_lead, running_ - ListeningTime() - daemon.heard);
      }
      if (proven - ListeningTime() - daemon.heard > daemon.least_lead) {
        Fail(absl::StrCat("a worker of ", daemon.name, " seems silent for longer than it was: by ",
                          absl::FormatDuration(proven - ListeningTime() - daemon.heard - daemon.least_lead)));
      }
    }
    if (counted() > heard_by_any_ + 2 * kTick) Fail("more was counted than anybody heard");
    if (clock_.HeldBackBy() && clock_.NotListeningBecause().empty()) Fail("it stands, and says nothing");
  }

  void Fail(std::string what) {
    if (broken_.empty()) broken_ = std::move(what);
  }

  Settings settings_;
  absl::Duration now_ = absl::Hours(500);
  absl::Duration stepped_;
  Daemon daemons_[2];
  SharedClock clock_;
  ListeningTime proven_;
  ListeningTime running_;
  ListeningTime counted_from_;
  absl::Duration heard_by_any_;
  int accidents_ = 0;
  std::string broken_;
};

using Step = muster::Step<SharedWorld>;

template <typename Act>
Step Then(std::string name, Act act, int ticks = 1) {
  return {std::move(name), [act, ticks](SharedWorld& world) {
            act(world);
            world.Ticks(ticks);
          }};
}

const Step kTickStep = Then("tick", [](SharedWorld&) {});
const Step kWork = Then(
    "work", [](SharedWorld&) {}, 8);
const Step kLong = Then(
    "work for T", [](SharedWorld&) {}, 21);
const Step kDeafB = Then("b deaf or not", [](SharedWorld& w) { w.SetHears(1, !w.daemon(1).hears); });
const Step kDeafA = Then("a deaf or not", [](SharedWorld& w) { w.SetHears(0, !w.daemon(0).hears); });
const Step kMuteB = Then("b reports or not", [](SharedWorld& w) { w.SetReports(1, !w.daemon(1).reports); });
const Step kKillB = Then("b killed", [](SharedWorld& w) { w.Kill(1, true); });
const Step kLoseB = Then("b gone, not noticed", [](SharedWorld& w) { w.Kill(1, false); });
const Step kStartB = Then("b starts", [](SharedWorld& w) { w.Start(1); });
const Step kBack =
    Then("the database's clock goes back", [](SharedWorld& w) { w.StepDatabase(-absl::Minutes(9)); });
const Step kForth =
    Then("the database's clock jumps", [](SharedWorld& w) { w.StepDatabase(absl::Minutes(9)); });
const Step kLeader = Then("another leader", [](SharedWorld& w) { w.ChangeLeader(); });

std::string FindsTheDead(SharedWorld world) {
  world.Heal();
  const ListeningTime stamp = world.clock().running();
  world.Ticks(static_cast<int>((2 * kTimeout + 2 * absl::Seconds(162)) / kTick));
  if (!world.broken().empty()) return world.broken();
  return world.clock().proven() - stamp < kTimeout ? "a dead worker is not found"
                                                   : world.clock().NotListeningBecause();
}

TEST_CASE("whatever happens in whatever order, the shared clock keeps its promises") {
  const std::vector<std::vector<Step>> alphabets = {
      {kWork, kDeafB, kDeafA, kLong},    {kWork, kDeafB, kMuteB, kTickStep},
      {kWork, kKillB, kStartB, kMuteB},  {kWork, kLoseB, kStartB, kLong},
      {kWork, kDeafB, kLeader, kStartB}, {kTickStep, kDeafB, kDeafA, kLeader},
      {kWork, kDeafB, kBack, kForth},
  };
  for (const std::vector<Step>& alphabet : alphabets) {
    Walk<SharedWorld> walk(alphabet, FindsTheDead);
    for (const double credit : {0.0, 6.0, 162.0}) walk.All(SharedWorld(absl::Seconds(credit)), 6);
    CHECK(walk.visited() > 15'000);
  }
}

TEST_CASE("in hours of accidents of all kinds the shared clock keeps its promises") {
  const std::vector<Step> alphabet = {kTickStep, kWork,   kWork,   kWork,  kLong,  kDeafB,
                                      kDeafB,    kDeafA,  kDeafA,  kMuteB, kMuteB, kKillB,
                                      kLoseB,    kStartB, kStartB, kBack,  kForth, kLeader};
  Walk<SharedWorld> walk(alphabet, FindsTheDead);
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    walk.Random(SharedWorld(absl::Seconds(random() % 163)), 300, random);
  }
}

TEST_CASE("one member that fails in whatever way cannot stop the roll for ever") {
  const std::vector<Step> failures = {kDeafB, kWork, kMuteB, kTickStep, kStartB, kKillB, kLoseB, kLong};
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    SharedWorld world(absl::Seconds(162));
    const std::size_t kinds = 2 + random() % 7;
    for (int i = 0; i < 500; ++i) failures[random() % kinds].happens(world);
    REQUIRE(world.broken().empty());
    // Three quarters, minus one credit of b, and a tick or two for each failure.
    CHECK(world.counted() >=
          0.75 * (world.heard_by_any() - absl::Seconds(162) - 2 * world.accidents() * kTick));
    CHECK(world.counted() > absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace muster

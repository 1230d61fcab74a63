// Stale detection, and the mass-failure guard over many ticks.
#include "catch.h"
#include "usecases/fleet.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

void AddActive(Fleet& fleet, int from, int to, const std::string& region = "eu") {
  fleet.Commit([&](WriteTx& tx) {
    for (int i = from; i < to; ++i) {
      const std::string id = region + std::to_string(i);
      (void)RegisterWorker(Fleet::Registration(id, "", false, region), tx, fleet.now);
      (void)RecordHeartbeat({id, "", {}, ""}, absl::Minutes(2), tx, fleet.now);
    }
    return 0;
  });
  fleet.Run(Job::kActivation);
}

void BeatAll(Fleet& fleet, int from, int to, const std::string& region = "eu") {
  for (int i = from; i < to; ++i) REQUIRE(fleet.Beat(region + std::to_string(i)).ok());
}

int Count(const Fleet& fleet, WorkerStatus status) {
  WorkerFilter filter;
  filter.statuses = {status};
  return static_cast<int>(ListWorkers(fleet.reader(), filter, {1000, ""})->workers.size());
}

std::vector<std::string> Reasons(const Fleet& fleet, EventType type) {
  std::vector<std::string> reasons;
  for (const Event& event : fleet.EventsOf(type)) reasons.push_back(event.reason);
  return reasons;
}

}  // namespace

TEST_CASE("exactly the timeout is stale, a microsecond less is not") {
  Fleet fleet;
  AddActive(fleet, 0, 1);
  fleet.Advance(absl::Minutes(2) - absl::Microseconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Microseconds(1));
  const SweepReport report = fleet.Run(Job::kStaleDetection);
  CHECK(report.ids == std::vector<std::string>{"eu0"});
  CHECK(report.worst_latency == absl::ZeroDuration());
  CHECK(fleet.StatusOf("eu0") == kOffline);
  CHECK(fleet.Get("eu0").worker->called_offline_at == fleet.now.listening);
  const Event event = fleet.Events().back();
  CHECK(event.from == kActive);
  CHECK(event.to == kOffline);
  CHECK(event.actor == "job:stale-detection");
  CHECK(event.reason == "silent for 2m, timeout 2m");
}

TEST_CASE("after a reload to a shorter timeout each worker is judged by what it was told") {
  Fleet fleet;
  AddActive(fleet, 0, 2);
  fleet.Advance(absl::Seconds(1));
  fleet.TimeoutBecomes(absl::Seconds(12));
  fleet.Advance(absl::Seconds(1));
  REQUIRE(fleet.Beat("eu1").ok());  // and is told 12 s
  fleet.Advance(absl::Seconds(12) - absl::Microseconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Seconds(3) + absl::Microseconds(1));
  const SweepReport early = fleet.Run(Job::kStaleDetection);
  CHECK(early.ids == std::vector<std::string>{"eu1"});
  CHECK(early.worst_latency == absl::Seconds(3));
  CHECK(fleet.Events().back().reason == "silent for 15s, timeout 12s");
  CHECK(fleet.Run(Job::kReactivation).moved == 0);

  fleet.Advance(absl::Seconds(102));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Seconds(2));
  const SweepReport late = fleet.Run(Job::kStaleDetection);
  CHECK(late.ids == std::vector<std::string>{"eu0"});
  CHECK(late.worst_latency == absl::Seconds(1));
  CHECK(fleet.Events().back().reason == "silent for 2m1s, timeout 2m");
}

TEST_CASE("the guard's share and its hold go by what the workers were told") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.TimeoutBecomes(absl::Seconds(12));
  fleet.Advance(absl::Seconds(1));
  BeatAll(fleet, 0, 11);  // more than half
  fleet.Advance(absl::Seconds(12));
  const SweepReport report = fleet.Run(Job::kStaleDetection);
  CHECK(report.moved == 0);
  CHECK(Reasons(fleet, EventType::kRegionHeld) ==
        std::vector<std::string>{"11 of 20 Active workers are silent (guard: 50 %): held for 12s"});
}

TEST_CASE("what one job moves by hand and by heartbeat, the other does not move back") {
  Fleet fleet;
  AddActive(fleet, 0, 1);
  REQUIRE(fleet.Move("eu0", kOffline).ok());
  fleet.Advance(absl::Seconds(1));
  fleet.TimeoutBecomes(absl::Seconds(12));
  fleet.Advance(absl::Seconds(1));
  REQUIRE(fleet.Move("eu0", kActive).ok());
  // By hand it was activated under 12 s; but it was heard under 2 min, and may beat at that pace.
  for (int second = 0; second < 117; ++second) {
    fleet.Advance(absl::Seconds(1));
    REQUIRE(fleet.Run(Job::kStaleDetection).moved == 0);
    REQUIRE(fleet.Run(Job::kReactivation).moved == 0);
  }
  fleet.Advance(absl::Seconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 1);
  CHECK(fleet.Run(Job::kReactivation).moved == 0);
}

TEST_CASE("while a longer timeout is not stored yet, the sweeps judge by it all the same") {
  Fleet fleet;
  AddActive(fleet, 0, 1);
  fleet.Commit([&](WriteTx& tx) {
    tx.SetTimeouts({absl::Seconds(12), {}});
    return 0;
  });
  fleet.Advance(absl::Minutes(2) - absl::Microseconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
}

TEST_CASE("a worker activated by hand and never heard goes Offline one timeout later") {
  Fleet fleet;
  REQUIRE(fleet.Register("w").ok());
  fleet.Advance(absl::Hours(1));
  REQUIRE(fleet.Move("w", kActive).ok());
  fleet.Advance(absl::Minutes(2) - absl::Microseconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Seconds(7) + absl::Microseconds(1));
  const SweepReport report = fleet.Run(Job::kStaleDetection);
  CHECK(report.moved == 1);
  CHECK(report.worst_latency == absl::Seconds(7));
  CHECK(fleet.Events().back().reason == "silent for 2m7s, timeout 2m");
}

TEST_CASE(
    "silence is listening time: a jump of the wall clock neither calls a worker Offline nor hides one") {
  Fleet fleet;
  AddActive(fleet, 0, 1);
  fleet.now.wall += absl::Hours(1000);
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.now.wall -= absl::Hours(5000);
  fleet.now.listening = fleet.now.listening + absl::Minutes(2);
  CHECK(fleet.Run(Job::kStaleDetection).moved == 1);
}

TEST_CASE("half of a region is taken at once, more than half is held for one timeout") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.Advance(absl::Minutes(1));
  const int silent = GENERATE(10, 11);
  BeatAll(fleet, silent, 20);
  fleet.Advance(absl::Minutes(1));
  const SweepReport report = fleet.Run(Job::kStaleDetection);
  if (silent == 10) {
    CHECK(report.moved == 10);
    CHECK(report.held_regions.empty());
    CHECK(fleet.EventsOf(EventType::kRegionHeld).empty());
  } else {
    CHECK(report.moved == 0);
    CHECK(report.held_regions == std::vector<std::string>{"eu"});
    CHECK(Reasons(fleet, EventType::kRegionHeld) ==
          std::vector<std::string>{"11 of 20 Active workers are silent (guard: 50 %): held for 2m"});
    const std::vector<RegionTotals> totals = *CountWorkers(fleet.reader());
    REQUIRE(totals.size() == 1);
    CHECK(totals[0].held);
    CHECK(totals[0].held_until == fleet.now.listening + absl::Minutes(2));
  }
}

TEST_CASE("small regions are not held, and a hold affects no other region") {
  Fleet fleet;
  AddActive(fleet, 0, 9, "small");
  AddActive(fleet, 0, 10, "large");
  AddActive(fleet, 0, 12, "sound");
  fleet.Advance(absl::Minutes(1));
  BeatAll(fleet, 1, 12, "sound");
  fleet.Advance(absl::Minutes(1));
  const SweepReport report = fleet.Run(Job::kStaleDetection, 3);
  CHECK(report.moved == 9 + 1);
  CHECK(report.held_regions == std::vector<std::string>{"large"});
  CHECK(fleet.StatusOf("large0") == kActive);
  CHECK(fleet.StatusOf("sound0") == kOffline);
}

TEST_CASE("a hold ends: then all silent workers go, and the hold is gone") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.Advance(absl::Minutes(2));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  for (int i = 0; i < 3; ++i) {  // ticks during the hold
    fleet.Advance(absl::Seconds(30));
    const SweepReport held = fleet.Run(Job::kStaleDetection);
    CHECK(held.moved == 0);
    CHECK(held.held_regions == std::vector<std::string>{"eu"});
  }
  CHECK(fleet.EventsOf(EventType::kRegionHeld).size() == 1);  // said once

  fleet.Advance(absl::Seconds(30) - absl::Microseconds(1));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Microseconds(1));
  const SweepReport report = fleet.Run(Job::kStaleDetection);
  CHECK(report.moved == 20);
  CHECK(report.held_regions.empty());
  CHECK(report.worst_latency == absl::Minutes(2));
  CHECK(Reasons(fleet, EventType::kRegionReleased) ==
        std::vector<std::string>{
            "the hold is over: 20 of 20 Active workers are silent (guard: 50 %), they are called Offline"});
  CHECK(fleet.reader().Holds()->empty());
  CHECK(fleet.EventsOf(EventType::kRegionHeld).size() == 1);
}

TEST_CASE("a run of many steps asks the guard once, although the shares change during the run") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.Advance(absl::Minutes(1));
  BeatAll(fleet, 9, 20);
  fleet.Advance(absl::Minutes(1));
  // 9 of 20 pass. After a step the guard would see the same silent workers among fewer Active ones. 2 more
  // fall silent meanwhile.
  const std::unique_ptr<Sweep> sweep = NewSweep(Job::kStaleDetection);
  REQUIRE_FALSE(*fleet.Step(*sweep, 4));
  BeatAll(fleet, 11, 20);
  fleet.Advance(absl::Minutes(1));
  while (!*fleet.Step(*sweep, 4)) {
  }
  CHECK(sweep->report().moved == 9);  // the workers that were silent when the run began
  CHECK(fleet.EventsOf(EventType::kRegionHeld).empty());
}

TEST_CASE("a worker heard between two steps of a run is not called Offline") {
  Fleet fleet;
  AddActive(fleet, 0, 5);  // a small region
  fleet.Advance(absl::Minutes(2));
  const std::unique_ptr<Sweep> sweep = NewSweep(Job::kStaleDetection);
  REQUIRE_FALSE(*fleet.Step(*sweep, 2));
  REQUIRE(fleet.Beat("eu4").ok());
  while (!*fleet.Step(*sweep, 2)) {
  }
  CHECK(sweep->report().moved == 4);
  CHECK(fleet.StatusOf("eu4") == kActive);
}

TEST_CASE("a run that fails after the hold was over is not held again") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.Advance(absl::Minutes(2));
  fleet.Run(Job::kStaleDetection);
  fleet.Advance(absl::Minutes(2));
  {
    const std::unique_ptr<Sweep> broken_off = NewSweep(Job::kStaleDetection);
    REQUIRE_FALSE(*fleet.Step(*broken_off, 5));
    CHECK(broken_off->report().moved == 5);
  }
  fleet.Advance(absl::Seconds(30));
  CHECK(fleet.Run(Job::kStaleDetection, 5).moved == 15);
  CHECK(Count(fleet, kOffline) == 20);
  CHECK(fleet.EventsOf(EventType::kRegionHeld).size() == 1);
  CHECK(fleet.EventsOf(EventType::kRegionReleased).size() == 1);
}

TEST_CASE("a region that recovers is released at once, and its few silent workers go") {
  Fleet fleet;
  AddActive(fleet, 0, 20);
  fleet.Advance(absl::Minutes(2));
  REQUIRE(fleet.Run(Job::kStaleDetection).moved == 0);
  fleet.Advance(absl::Seconds(30));

  SECTION("all come back") {
    BeatAll(fleet, 0, 20);
    CHECK(fleet.Run(Job::kStaleDetection).moved == 0);
    CHECK(Reasons(fleet, EventType::kRegionReleased) ==
          std::vector<std::string>{"recovered: nobody is silent any more"});
  }
  SECTION("most come back") {
    BeatAll(fleet, 3, 20);
    const SweepReport report = fleet.Run(Job::kStaleDetection);
    CHECK(report.moved == 3);
    CHECK(report.held_regions.empty());
    CHECK(Reasons(fleet, EventType::kRegionReleased) ==
          std::vector<std::string>{"recovered: 3 of 20 Active workers are silent (guard: 50 %)"});
  }
  SECTION("a new mass failure is a new hold") {
    BeatAll(fleet, 0, 20);
    fleet.Run(Job::kStaleDetection);
    fleet.Advance(absl::Minutes(2));
    CHECK(fleet.Run(Job::kStaleDetection).held_regions == std::vector<std::string>{"eu"});
    CHECK(fleet.EventsOf(EventType::kRegionHeld).size() == 2);
    return;
  }
  CHECK(fleet.reader().Holds()->empty());
}

TEST_CASE("a region that is emptied while it is held is released") {
  Fleet fleet;
  AddActive(fleet, 0, 10);
  fleet.Advance(absl::Minutes(2));
  fleet.Run(Job::kStaleDetection);
  for (int i = 0; i < 10; ++i) REQUIRE(fleet.Unregister("eu" + std::to_string(i)).ok());
  fleet.Run(Job::kStaleDetection);
  CHECK(fleet.reader().Holds()->empty());
  CHECK(fleet.EventsOf(EventType::kRegionReleased).size() == 1);
}

TEST_CASE("a dead worker is Offline within the timeout, one interval, and at most one hold") {
  // Region after region dies, wave after wave, with a tick every 30 s; no worker takes longer than promised.
  Fleet fleet;
  AddActive(fleet, 0, 40);
  absl::Duration worst;
  int alive = 40;
  for (int tick = 0; tick < 60; ++tick) {
    if (tick % 3 == 0) alive = std::max(0, alive - 9);
    BeatAll(fleet, 0, alive);
    fleet.Advance(absl::Seconds(30));
    worst = std::max(worst, fleet.Run(Job::kStaleDetection, 7).worst_latency);
  }
  CHECK(Count(fleet, kOffline) == 40);
  CHECK(worst <= absl::Seconds(30) + absl::Minutes(2));
}

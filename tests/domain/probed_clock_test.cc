// Each kind of blind time: what it counts for, what the workers are allowed, and what people are told.
#include "domain/probed_clock.h"

#include "tests/catch.h"
#include "tests/domain/probed_world.h"

namespace muster {
namespace {

using Answers = ProbedWorld::Answers;

absl::Duration Seconds(double seconds) {
  return absl::Seconds(seconds);
}

// T = 120 s: ticks of 1 s, a limit of 10 s, a full credit of 150 s.
constexpr absl::Duration kTimeout = absl::Minutes(2);

// After 100 s of work with full credit, `happens`. Then the clock must stand at 100 for `allowance` exactly.
void CheckAllowance(void (*happens)(ProbedWorld&), absl::Duration allowance) {
  ProbedWorld world(kTimeout);
  world.Work(Seconds(100));
  REQUIRE(world.proven() == Seconds(99));  // the first probe went out after the first tick
  happens(world);
  if (allowance > Seconds(0)) CHECK_FALSE(world.why().empty());
  world.Work(allowance);
  CHECK(world.proven() == Seconds(99));
  CHECK(world.why().empty());
  world.Work(Seconds(5));
  CHECK(world.proven() == Seconds(104));
  CHECK(world.broken().empty());
}

TEST_CASE("a new roll counts from its first proof, without an allowance") {
  ProbedWorld world(kTimeout);
  CHECK(world.why() == "the daemon is starting; until it has heard itself");
  CHECK_FALSE(world.clock().hears(world.now()));
  world.Work(Seconds(1));
  CHECK(world.proven() == Seconds(0));
  CHECK(world.clock().listening(world.now()));
  world.Work(Seconds(90));
  CHECK(world.proven() == Seconds(90));
  CHECK(world.Running() == Seconds(90));
  CHECK(world.credit() == Seconds(150));
}

TEST_CASE("the example of the header of the probed clock") {
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  CHECK(world.proven() == Seconds(100));
  world.Freeze(absl::Hours(1));
  world.Work(Seconds(150));
  CHECK(world.proven() == Seconds(100));
  CHECK(world.credit() == Seconds(0));
  world.Work(Seconds(60));
  CHECK(world.proven() == Seconds(160));
  CHECK(world.credit() == Seconds(20));
  world.Restart(Seconds(9));
  world.Work(Seconds(20));
  CHECK(world.proven() == Seconds(160));
  CHECK(world.credit() == Seconds(0));
  world.SetDelay(Seconds(9));
  for (int second = 1; second <= 60; ++second) {
    world.Work(Seconds(1));
    CHECK(world.proven() <= Seconds(160 + second));
    CHECK(world.proven() >= Seconds(160 + second - 18));
    CHECK(absl::Trunc(world.Running(), absl::Milliseconds(1)) == Seconds(160 + second));
  }
  world.SetDelay(Seconds(14));
  const absl::Duration before = world.proven();
  world.Work(Seconds(34));
  CHECK(world.proven() - before <= Seconds(9));
  CHECK_FALSE(world.clock().hears(world.now()));
  CHECK(world.broken().empty());
}

TEST_CASE("stopped or asleep: the allowance is as long as the blind time, within its limits") {
  CheckAllowance([](ProbedWorld& w) { w.Freeze(Seconds(6)); }, Seconds(40));
  CheckAllowance([](ProbedWorld& w) { w.Freeze(Seconds(77)); }, Seconds(77));
  CheckAllowance([](ProbedWorld& w) { w.Freeze(absl::Hours(1)); }, Seconds(150));
}

TEST_CASE("a pause of up to four ticks is no blind time, and counts for two ticks at most") {
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  world.Freeze(Seconds(4));
  CHECK(world.proven() == Seconds(102));
  CHECK(world.why().empty());
}

TEST_CASE("what was under way when the process was stopped proves nothing") {
  Settings settings;
  ProbedClock clock;
  clock.Start(Seconds(0), "boot", std::nullopt, {"a port"}, settings);
  clock.ProbeSent(0, Seconds(0));
  clock.ProbeAnswered(0, Seconds(0), Seconds(0));
  clock.ProbeSent(0, Seconds(1));
  clock.ProbeAnswered(0, Seconds(1), Seconds(9));
  CHECK(clock.proven() == ListeningTime());
  CHECK_FALSE(clock.hears(Seconds(9)));
  clock.ProbeSent(0, Seconds(9));
  clock.ProbeAnswered(0, Seconds(8), Seconds(10));  // another one
  CHECK_FALSE(clock.hears(Seconds(10)));
  clock.ProbeAnswered(0, Seconds(9), Seconds(10));
  CHECK(clock.hears(Seconds(10)));
  CHECK(clock.stored_state().proven_at == Seconds(9));
}

TEST_CASE("a start: the blind time counts from the proven moment of the run before") {
  CheckAllowance([](ProbedWorld& w) { w.Restart(Seconds(0)); }, Seconds(40));
  CheckAllowance([](ProbedWorld& w) { w.Restart(Seconds(1)); }, Seconds(40));
  CheckAllowance([](ProbedWorld& w) { w.Restart(Seconds(100)); }, Seconds(100));
  CheckAllowance([](ProbedWorld& w) { w.Restart(absl::Hours(10)); }, Seconds(150));
}

TEST_CASE("a start whose blind time cannot be known gets the longest allowance") {
  CheckAllowance([](ProbedWorld& w) { w.Restart(Seconds(1), "boot 2"); }, Seconds(150));
  // The clock of the boot went back.
  CheckAllowance([](ProbedWorld& w) { w.Restart(Seconds(-50)); }, Seconds(150));
  // It is not known which boot that was; nor the second time.
  Settings settings;
  const ProvenState unknown = {ListeningTime(), absl::Hours(1), Seconds(0), "", Seconds(9)};
  ProbedClock clock;
  clock.Start(Seconds(10), "", unknown, {"a port"}, settings);
  clock.ProbeSent(0, Seconds(11));
  clock.ProbeAnswered(0, Seconds(11), Seconds(11));
  CHECK(clock.stored_state().allowance_left == Seconds(150));
}

TEST_CASE("a run that proved nothing leaves the proven moment as it found it") {
  CheckAllowance(
      [](ProbedWorld& w) {
        w.SetAnswers(0, Answers::kRefuses);
        w.Work(Seconds(30));
        w.Restart(Seconds(10));
        w.Work(Seconds(30));
        w.SetAnswers(0, Answers::kYes);
        w.Restart(Seconds(20));
      },
      Seconds(90));
  Settings settings;
  ProbedClock clock;
  clock.Start(Seconds(5), "boot", ProvenState{ListeningTime(), Seconds(150), Seconds(0), "boot", Seconds(80)},
              {"a port"}, settings);  // the clock went back
  clock.ProbeSent(0, Seconds(100));
  clock.ProbeAnswered(0, Seconds(100), Seconds(100));
  CHECK(clock.stored_state().proven_at == Seconds(100));
  CHECK(clock.stored_state().boot_id == "boot");
}

TEST_CASE("neither a restart nor a pause cuts an allowance short") {
  CheckAllowance(
      [](ProbedWorld& w) {
        w.Freeze(absl::Hours(1));
        w.Work(Seconds(30));
        w.Restart(Seconds(0));
        w.Work(Seconds(30));
        w.Freeze(Seconds(6));
      },
      Seconds(90));
}

TEST_CASE("a slow disk does not stop the clock") {
  for (const auto& [timeout, delay] :
       {std::pair(Seconds(120), Seconds(9)), std::pair(Seconds(120), Seconds(10)),
        std::pair(Seconds(40), Seconds(10)), std::pair(Seconds(3), Seconds(0.75)),
        std::pair(Seconds(0.4), Seconds(0.1))}) {
    CAPTURE(timeout, delay);
    ProbedWorld world(timeout);
    world.Ticks(101);
    world.SetDelay(delay);
    world.Work(timeout);
    CHECK(world.why().empty());
    CHECK(world.proven() >= 100 * world.tick() + timeout - 2 * delay);
    CHECK(world.Running() == 100 * world.tick() + timeout);
    CHECK(world.broken().empty());
  }
}

TEST_CASE("a hung disk: blind since the proven moment, not since the limit") {
  // Hangs for 14 s: the probes that went out at 100 s are answered too late, the next ones at once.
  CheckAllowance(
      [](ProbedWorld& w) {
        w.SetDelay(Seconds(14));
        w.Work(Seconds(1));
        w.SetDelay(Seconds(0));
        w.Work(Seconds(10));
        CHECK(w.clock().hears(w.now()));
        w.Work(Seconds(1));
      },
      Seconds(40));
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  world.SetAnswers(0, Answers::kNever);
  world.SetAnswers(1, Answers::kNever);
  world.Work(absl::Hours(3));
  CHECK(world.proven() == Seconds(100));
  CHECK(world.why() == "the daemon cannot hear itself on port 1 (no answer within 10s); until it can");
}

TEST_CASE("one deaf socket stops the clock, however well the other one is") {
  CheckAllowance(
      [](ProbedWorld& w) {
        w.SetAnswers(1, Answers::kNever);
        w.Work(Seconds(60));
        CHECK(w.why() == "the daemon cannot hear itself on port 2 (no answer within 10s); until it can");
        w.SetAnswers(1, Answers::kYes);
        w.Work(Seconds(7));  // until the probe that got no answer is given up
      },
      Seconds(67));
}

TEST_CASE("a flood: probes that are refused stop the clock, and it still goes on") {
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  for (int i = 0; i < 800; ++i) {
    world.SetAnswers(0, i % 4 == 0 ? Answers::kRefuses : Answers::kYes);
    world.Work(Seconds(1));
  }
  CHECK(world.proven() > Seconds(100 + 180));  // two of four seconds are proven
  CHECK(world.broken().empty());
}

TEST_CASE("the store away for 9 s: from before the outage began") {
  CheckAllowance(
      [](ProbedWorld& w) {
        w.SetDelay(Seconds(9));  // the commit hangs, and fails then
        w.Work(Seconds(9));
        w.StoreFails();
        w.SetDelay(Seconds(0));
        CHECK(w.why() == "the store is not available; until it is");
        w.Work(Seconds(30));
        w.StoreWorks();
        CHECK(w.why() == "the store was not available; until it has heard itself");
        w.Work(Seconds(1));
        CHECK(w.why() == "the store was not available; workers have 40s more to find their way back");
      },
      Seconds(40));
}

TEST_CASE("a probe that was sent before a commit worked proves nothing") {
  Settings settings;
  ProbedClock clock;
  clock.Start(Seconds(0), "boot", std::nullopt, {"a port"}, settings);
  clock.CommitFailed(Seconds(1));
  clock.ProbeSent(0, Seconds(1));
  clock.CommitWorked();
  clock.ProbeAnswered(0, Seconds(1), Seconds(2));
  CHECK_FALSE(clock.hears(Seconds(2)));
  clock.ProbeSent(0, Seconds(2));
  clock.ProbeAnswered(0, Seconds(2), Seconds(3));
  CHECK(clock.hears(Seconds(3)));
}

TEST_CASE("while the daemon drains nothing counts") {
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  world.Drain();
  world.Work(Seconds(30));
  CHECK(world.proven() == Seconds(100));
  CHECK(world.Running() == Seconds(100));
  CHECK(world.why() == "the daemon is stopping");
  world.Restart(Seconds(20));
  CHECK(world.why() == "the daemon was started again; workers have 50s more to find their way back");
  CHECK(world.broken().empty());
}

TEST_CASE("whatever fails again and again, the clock of a daemon advances") {
  // Three quarters of what is proven, minus one credit, until the clock has moved by T: 310 s. A daemon that
  // lives for n seconds proves n - 1.
  for (const double lives : {60.0, 10.0, 3.0}) {
    for (const double away : {1.0, 150.0}) {
      CAPTURE(lives, away);
      ProbedWorld world(kTimeout);
      while (world.proven() < kTimeout) {
        world.Work(Seconds(lives));
        world.Restart(Seconds(away));
        REQUIRE(world.Provable() <= Seconds(310 + lives));
      }
      CHECK(world.broken().empty());
    }
  }
}

TEST_CASE("a reload changes neither the allowance that is paid nor what is under way") {
  for (const absl::Duration other : {Seconds(3), Seconds(1200)}) {
    CAPTURE(other);
    ProbedWorld world(kTimeout);
    world.Work(Seconds(101));
    world.Freeze(Seconds(60));
    world.Work(Seconds(10));
    world.Reload(other);
    CHECK(world.clock().hears(world.now() + Seconds(1)));
    world.Work(Seconds(50));
    CHECK(world.proven() == Seconds(100));
    world.Work(Seconds(3));
    CHECK(world.proven() == Seconds(103));
    CHECK(world.broken().empty());
  }
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  world.SetDelay(Seconds(9));
  world.Work(Seconds(9));
  world.Reload(Seconds(3));  // the limit is 2 s now, but not for the probes that are under way
  world.SetDelay(Seconds(0));
  world.Work(Seconds(1));
  CHECK(world.why().empty());
}

TEST_CASE("a reload to a shorter timeout leaves an allowance the credit that it needs") {
  ProbedWorld world(Seconds(1200));  // a cap of 400 s
  world.Work(Seconds(101));
  world.Freeze(Seconds(60));
  world.Reload(kTimeout);
  CHECK(world.credit() == Seconds(400));
  world.Work(Seconds(400));
  CHECK(world.proven() == Seconds(100));
  world.Work(Seconds(10));
  CHECK(world.proven() == Seconds(110));
}

TEST_CASE("a socket that is not probed any longer is deaf") {
  Settings settings;
  ProbedClock clock;
  clock.Start(Seconds(0), "boot", std::nullopt, {"a", "b"}, settings);
  for (const std::size_t socket : {std::size_t{0}, std::size_t{1}}) {
    clock.ProbeSent(socket, Seconds(0));
    clock.ProbeAnswered(socket, Seconds(0), Seconds(0));
  }
  for (int second = 1; second <= 5; ++second) {
    CHECK(clock.hears(Seconds(second)));
    clock.ProbeSent(0, Seconds(second));
    clock.ProbeAnswered(0, Seconds(second), Seconds(second));
  }
  CHECK(clock.NotListeningBecause(Seconds(5)) ==
        "the daemon cannot hear itself on b (no probe is sent); until it can");
}

TEST_CASE("the clock of a daemon says why it stands still, and for how much longer") {
  CHECK(ProbedClock().NotListeningBecause(Seconds(5)) == "the daemon is starting");
  ProbedWorld world(kTimeout);
  world.Work(Seconds(101));
  CHECK(world.clock().NotListeningBecause(world.now() + Seconds(91)) ==
        "the thread that probes the daemon has been stuck for 1m31s");
  world.Freeze(Seconds(91));
  CHECK(world.why() ==
        "the daemon was stopped or stuck for 1m31s; workers have 1m31s more to find their way back");
  CHECK(world.clock().hears(world.now()));
  CHECK_FALSE(world.clock().listening(world.now()));
  world.Work(Seconds(88));
  CHECK(world.why() ==
        "the daemon was stopped or stuck for 1m31s; workers have 3s more to find their way back");
  world.SetAnswers(1, Answers::kRefuses);
  world.Work(Seconds(1));
  CHECK(world.why() == "the daemon cannot hear itself on port 2 (refused); until it can");
  world.SetAnswers(1, Answers::kYes);
  world.Work(Seconds(1));
  CHECK(world.why() ==
        "the daemon could not hear itself on port 2; workers have 40s more to find their way back");
}

}  // namespace
}  // namespace muster

// Silence and freshness, at the edges.
#include "domain/liveness.h"

#include <memory>
#include <optional>
#include <vector>

#include "catch.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

constexpr absl::Duration kTimeout = absl::Seconds(120);
const RollTimeouts kTimeouts = {kTimeout, {}};

ListeningTime At(double seconds) {
  return ListeningTime() + absl::Seconds(seconds);
}

Pulse HeardAt(double seconds) {
  Pulse pulse;
  pulse.total = 1;
  pulse.heard_at = At(seconds);
  return pulse;
}

Worker WorkerIn(WorkerStatus status) {
  Worker worker;
  worker.status = status;
  return worker;
}

WorkerView View(Worker worker, Pulse pulse) {
  return {std::make_shared<const Worker>(std::move(worker)), pulse, 0};
}

}  // namespace

TEST_CASE("silence counts from the later of the last heartbeat and the activation by hand") {
  Worker worker = WorkerIn(kActive);
  CHECK_FALSE(SilentFor(worker, Pulse(), At(9)));
  CHECK(SilenceReference(std::nullopt, std::nullopt) == ListeningTime());
  CHECK_FALSE(SilentFor(worker, Pulse(), At(500)));
  CHECK(SilenceReference(std::nullopt, At(10)) == At(10));

  worker.activated_by_hand_at = At(20);
  CHECK(SilenceReference(At(20), std::nullopt) == At(20));
  CHECK(SilenceReference(At(20), At(10)) == At(20));
  CHECK(SilenceReference(At(20), At(30)) == At(30));
  CHECK(SilentFor(worker, HeardAt(30), At(45)) == absl::Seconds(15));
}

TEST_CASE("silence of exactly the timeout is stale, a microsecond less is fresh") {
  const Worker worker = WorkerIn(kActive);
  const Pulse pulse = HeardAt(1000);
  const ListeningTime edge = At(1000) + kTimeout;
  CHECK(Fresh(worker, pulse, edge - absl::Microseconds(1), kTimeouts));
  CHECK_FALSE(Fresh(worker, pulse, edge, kTimeouts));
  CHECK_FALSE(Fresh(worker, Pulse(), At(0), kTimeouts));  // neither heard nor activated by hand
}

TEST_CASE("the ranges that stores are asked by say the same as freshness does") {
  const Worker worker = WorkerIn(kActive);
  for (const double heard : {0.0, 79.999999, 80.0, 80.000001, 200.0}) {
    const ListeningTime now = At(200);
    INFO(heard);
    CHECK(StaleDetectionApplies(View(worker, HeardAt(heard)), StaleRanges(kTimeouts, now)) ==
          !Fresh(worker, HeardAt(heard), now, kTimeouts));
  }
}

TEST_CASE("activation: Pending, and heard since it registered") {
  Worker worker = WorkerIn(kPending);
  Pulse pulse = HeardAt(1);
  CHECK_FALSE(ActivationApplies(View(worker, Pulse())));
  CHECK(ActivationApplies(View(worker, pulse)));
  worker.heartbeats_before = 1;  // the one heartbeat was the former instance's
  CHECK_FALSE(ActivationApplies(View(worker, pulse)));
  pulse.total = 2;
  CHECK(ActivationApplies(View(worker, pulse)));
  for (const WorkerStatus other : {kActive, kOffline, kFailed}) {
    CHECK_FALSE(ActivationApplies(View(WorkerIn(other), pulse)));
  }
}

TEST_CASE("stale detection: Active, and stale; activated by hand counts as heard") {
  const std::vector<ReferenceRange> stale = StaleRanges(kTimeouts, At(200));
  CHECK(StaleDetectionApplies(View(WorkerIn(kActive), HeardAt(80)), stale));
  CHECK_FALSE(StaleDetectionApplies(View(WorkerIn(kActive), HeardAt(81)), stale));
  Worker by_hand = WorkerIn(kActive);
  by_hand.activated_by_hand_at = At(100);
  CHECK_FALSE(StaleDetectionApplies(View(by_hand, Pulse()), stale));
  CHECK_FALSE(StaleDetectionApplies(View(by_hand, HeardAt(1)), stale));
  by_hand.activated_by_hand_at = At(80);
  CHECK(StaleDetectionApplies(View(by_hand, Pulse()), stale));
  for (const WorkerStatus other : {kPending, kOffline, kFailed}) {
    CHECK_FALSE(StaleDetectionApplies(View(WorkerIn(other), HeardAt(1)), stale));
  }
}

TEST_CASE("reactivation: Offline, and the last heartbeat itself is fresh") {
  const std::vector<ReferenceRange> stale = StaleRanges(kTimeouts, At(200));
  CHECK(ReactivationApplies(View(WorkerIn(kOffline), HeardAt(80.000001)), stale));
  CHECK_FALSE(ReactivationApplies(View(WorkerIn(kOffline), HeardAt(80)), stale));
  CHECK_FALSE(ReactivationApplies(View(WorkerIn(kOffline), Pulse()), stale));
  Worker by_hand = WorkerIn(kOffline);
  by_hand.activated_by_hand_at = At(199);
  CHECK_FALSE(ReactivationApplies(View(by_hand, HeardAt(10)), stale));
  for (const WorkerStatus other : {kPending, kActive, kFailed}) {
    CHECK_FALSE(ReactivationApplies(View(WorkerIn(other), HeardAt(199)), stale));
  }
}

TEST_CASE("a worker heard within one timeout of being called Offline was falsely called so") {
  Worker worker = WorkerIn(kOffline);
  CHECK_FALSE(FalselyCalledOffline(View(worker, HeardAt(101)), kTimeouts));  // moved by hand
  worker.called_offline_at = At(100);
  CHECK(FalselyCalledOffline(View(worker, HeardAt(219)), kTimeouts));
  CHECK_FALSE(FalselyCalledOffline(View(worker, HeardAt(220)), kTimeouts));
}

TEST_CASE("each is judged by its own limit: what was told before a reload, and after it") {
  // 120 s were told until 1000, 12 s since then.
  const RollTimeouts timeouts = {absl::Seconds(12), {{kTimeout, At(1000)}}};
  const Worker worker = WorkerIn(kActive);
  CHECK(Fresh(worker, HeardAt(1000), At(1119), timeouts));
  CHECK_FALSE(Fresh(worker, HeardAt(1000), At(1120), timeouts));
  CHECK(Fresh(worker, HeardAt(1001), At(1012), timeouts));
  CHECK_FALSE(Fresh(worker, HeardAt(1001), At(1013), timeouts));
  const std::optional<Silence> before = SilenceOf(worker, HeardAt(990), timeouts);
  CHECK(before->since == At(990));
  CHECK(before->limit == kTimeout);
  CHECK(SilenceOf(worker, HeardAt(1001), timeouts)->limit == absl::Seconds(12));
  CHECK_FALSE(SilenceOf(worker, Pulse(), timeouts));

  // Called Offline at 990, when it was told 120 s: it was not dead.
  Worker offline = WorkerIn(kOffline);
  offline.called_offline_at = At(990);
  CHECK(FalselyCalledOffline(View(offline, HeardAt(1050)), timeouts));
  offline.called_offline_at = At(1040);
  CHECK_FALSE(FalselyCalledOffline(View(offline, HeardAt(1053)), timeouts));
}

// Else the two jobs would move it back and forth.
TEST_CASE("a worker is never stale and freshly heard at once, whenever it was activated by hand") {
  const RollTimeouts timeouts = {absl::Seconds(12), {{kTimeout, At(1000)}, {absl::Seconds(50), At(1100)}}};
  int stale_ones = 0;
  int fresh_ones = 0;
  for (int now = 1101; now < 1300; now += 3) {
    const std::vector<ReferenceRange> stale = StaleRanges(timeouts, At(now));
    for (int heard = 900; heard <= now; heard += 7) {
      for (int by_hand = 900; by_hand <= now; by_hand += 7) {
        Worker active = WorkerIn(kActive);
        active.activated_by_hand_at = At(by_hand);
        Worker offline = active;
        offline.status = kOffline;
        const bool is_stale = StaleDetectionApplies(View(active, HeardAt(heard)), stale);
        const bool is_fresh = ReactivationApplies(View(offline, HeardAt(heard)), stale);
        REQUIRE_FALSE((is_stale && is_fresh));
        REQUIRE(is_stale == !Fresh(active, HeardAt(heard), At(now), timeouts));
        stale_ones += is_stale ? 1 : 0;
        fresh_ones += is_fresh ? 1 : 0;
      }
    }
  }
  CHECK(stale_ones > 100);
  CHECK(fresh_ones > 100);
}

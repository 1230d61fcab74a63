// Silence and freshness, at the edges.
#include "domain/liveness.h"

#include <memory>

#include "catch.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

constexpr absl::Duration kTimeout = absl::Seconds(120);

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
  CHECK(Fresh(worker, pulse, edge - absl::Microseconds(1), kTimeout));
  CHECK_FALSE(Fresh(worker, pulse, edge, kTimeout));
  CHECK_FALSE(Fresh(worker, Pulse(), At(0), kTimeout));  // neither heard nor activated by hand
}

TEST_CASE("the cutoff that stores are asked by says the same as freshness does") {
  const Worker worker = WorkerIn(kActive);
  for (const double heard : {0.0, 79.999999, 80.0, 80.000001, 200.0}) {
    const ListeningTime now = At(200);
    INFO(heard);
    CHECK(StaleDetectionApplies(View(worker, HeardAt(heard)), StaleCutoff(now, kTimeout)) ==
          !Fresh(worker, HeardAt(heard), now, kTimeout));
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
  const ListeningTime cutoff = StaleCutoff(At(200), kTimeout);
  CHECK(StaleDetectionApplies(View(WorkerIn(kActive), HeardAt(80)), cutoff));
  CHECK_FALSE(StaleDetectionApplies(View(WorkerIn(kActive), HeardAt(81)), cutoff));
  Worker by_hand = WorkerIn(kActive);
  by_hand.activated_by_hand_at = At(100);
  CHECK_FALSE(StaleDetectionApplies(View(by_hand, Pulse()), cutoff));
  CHECK_FALSE(StaleDetectionApplies(View(by_hand, HeardAt(1)), cutoff));
  by_hand.activated_by_hand_at = At(80);
  CHECK(StaleDetectionApplies(View(by_hand, Pulse()), cutoff));
  for (const WorkerStatus other : {kPending, kOffline, kFailed}) {
    CHECK_FALSE(StaleDetectionApplies(View(WorkerIn(other), HeardAt(1)), cutoff));
  }
}

TEST_CASE("reactivation: Offline, and the last heartbeat itself is fresh") {
  const ListeningTime cutoff = StaleCutoff(At(200), kTimeout);
  CHECK(ReactivationApplies(View(WorkerIn(kOffline), HeardAt(80.000001)), cutoff));
  CHECK_FALSE(ReactivationApplies(View(WorkerIn(kOffline), HeardAt(80)), cutoff));
  CHECK_FALSE(ReactivationApplies(View(WorkerIn(kOffline), Pulse()), cutoff));
  Worker by_hand = WorkerIn(kOffline);
  by_hand.activated_by_hand_at = At(199);
  CHECK_FALSE(ReactivationApplies(View(by_hand, HeardAt(10)), cutoff));
  for (const WorkerStatus other : {kPending, kActive, kFailed}) {
    CHECK_FALSE(ReactivationApplies(View(WorkerIn(other), HeardAt(199)), cutoff));
  }
}

TEST_CASE("a worker heard within one timeout of being called Offline was falsely called so") {
  Worker worker = WorkerIn(kOffline);
  CHECK_FALSE(FalselyCalledOffline(View(worker, HeardAt(101)), kTimeout));  // moved by hand
  worker.called_offline_at = At(100);
  CHECK(FalselyCalledOffline(View(worker, HeardAt(219)), kTimeout));
  CHECK_FALSE(FalselyCalledOffline(View(worker, HeardAt(220)), kTimeout));
}

TEST_CASE("detection is late by what the silence has over the timeout") {
  const WorkerView view = View(WorkerIn(kActive), HeardAt(100));
  CHECK(DetectionLatency(view, At(220), kTimeout) == absl::ZeroDuration());
  CHECK(DetectionLatency(view, At(237), kTimeout) == absl::Seconds(17));
}

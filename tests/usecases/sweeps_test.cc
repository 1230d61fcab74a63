// Activation and reactivation, and what all sweeps share: steps, reports, events.
#include "catch.h"
#include "usecases/fleet.h"

using namespace muster;
using enum muster::WorkerStatus;

TEST_CASE("activation moves every Pending worker that was heard, and no other") {
  Fleet fleet;
  for (const char* id : {"heard", "unheard", "failed", "by-hand"}) REQUIRE(fleet.Register(id).ok());
  REQUIRE(fleet.Beat("heard").ok());
  REQUIRE(fleet.Beat("failed").ok());
  REQUIRE(fleet.Move("failed", kFailed).ok());
  REQUIRE(fleet.Move("by-hand", kActive).ok());
  const std::int64_t before = fleet.Get("heard").worker->revision;

  const SweepReport report = fleet.Run(Job::kActivation);
  CHECK(report.moved == 1);
  CHECK(report.ids == std::vector<std::string>{"heard"});
  CHECK(fleet.StatusOf("heard") == kActive);
  CHECK(fleet.StatusOf("unheard") == kPending);
  CHECK(fleet.StatusOf("failed") == kFailed);
  CHECK_FALSE(fleet.Get("heard").worker->activated_by_hand_at);
  CHECK(fleet.Get("heard").worker->revision > before);

  const Event event = fleet.Events().back();
  CHECK(event.type == EventType::kStatusChanged);
  CHECK(event.worker_id == "heard");
  CHECK(event.from == kPending);
  CHECK(event.to == kActive);
  CHECK(event.actor == "job:activation");
  CHECK_FALSE(event.reason.empty());
  CHECK(event.reason == fleet.Get("heard").worker->status_reason);
  CHECK(fleet.Run(Job::kActivation).moved == 0);
}

TEST_CASE("a heartbeat of any age activates") {
  Fleet fleet;
  REQUIRE(fleet.Register("w").ok());
  REQUIRE(fleet.Beat("w").ok());
  fleet.Advance(absl::Hours(10));
  CHECK(fleet.Run(Job::kActivation).moved == 1);
}

TEST_CASE("a sweep moves no more than its limit in a step, and comes to an end") {
  Fleet fleet;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(fleet.Register("w" + std::to_string(i)).ok());
    REQUIRE(fleet.Beat("w" + std::to_string(i)).ok());
  }
  const std::unique_ptr<Sweep> sweep = NewSweep(Job::kActivation);
  std::vector<std::int64_t> moved;
  bool done = false;
  while (!done) {
    done = *fleet.Step(*sweep, 4);
    moved.push_back(sweep->report().moved);
  }
  CHECK(moved == std::vector<std::int64_t>{4, 8, 10});
  CHECK(sweep->report().ids.size() == 10);
}

TEST_CASE("a report counts all and names the first thousand") {
  Fleet fleet;
  fleet.Commit([&](WriteTx& tx) {
    for (int i = 0; i < 1001; ++i) {
      const std::string id = "w" + std::to_string(i);
      (void)RegisterWorker(Fleet::Registration(id), tx, fleet.now);
      (void)RecordHeartbeat({id, "", {}, ""}, absl::Minutes(2), tx, fleet.now);
    }
    return 0;
  });
  const SweepReport report = fleet.Run(Job::kActivation, 400);
  CHECK(report.moved == 1001);
  CHECK(report.ids.size() == 1000);
}

TEST_CASE("a store that does not answer ends the run; the next run starts from the beginning") {
  for (const Job job : kAllJobs) {
    Fleet fleet;
    fleet.fake().Break(true);
    const std::unique_ptr<Sweep> sweep = NewSweep(job);
    CHECK(Refusal(fleet.Step(*sweep, 10)) == "STORE_UNAVAILABLE");
  }
}

TEST_CASE("reactivation brings back workers that are heard again, but not on an old heartbeat") {
  Fleet fleet;
  for (const char* id : {"back", "dead"}) {
    REQUIRE(fleet.Register(id).ok());
    REQUIRE(fleet.Beat(id).ok());
  }
  fleet.Run(Job::kActivation);
  fleet.Advance(absl::Minutes(2));
  REQUIRE(fleet.Run(Job::kStaleDetection).moved == 2);
  CHECK(fleet.Run(Job::kReactivation).moved == 0);

  fleet.Advance(absl::Seconds(10));
  REQUIRE(fleet.Beat("back").ok());
  fleet.Advance(absl::Minutes(2) - absl::Microseconds(1));
  SECTION("fresh by a microsecond") {
    const SweepReport report = fleet.Run(Job::kReactivation);
    CHECK(report.ids == std::vector<std::string>{"back"});
    CHECK(fleet.StatusOf("back") == kActive);
    CHECK(fleet.StatusOf("dead") == kOffline);
    CHECK(fleet.Events().back().actor == "job:reactivation");
    CHECK(fleet.Events().back().reason == "heard again 1m59.999s ago");
  }
  SECTION("stale by exactly the timeout") {
    fleet.Advance(absl::Microseconds(1));
    CHECK(fleet.Run(Job::kReactivation).moved == 0);
  }
}

TEST_CASE("false offlines are those that stale detection called and that were heard within one timeout") {
  Fleet fleet;
  for (const char* id : {"by-job", "by-hand", "late"}) {
    REQUIRE(fleet.Register(id).ok());
    REQUIRE(fleet.Beat(id).ok());
  }
  fleet.Run(Job::kActivation);
  REQUIRE(fleet.Move("by-hand", kOffline).ok());
  fleet.Advance(absl::Minutes(2));
  REQUIRE(fleet.Run(Job::kStaleDetection).moved == 2);
  fleet.Advance(absl::Minutes(1));
  REQUIRE(fleet.Beat("by-job").ok());
  REQUIRE(fleet.Beat("by-hand").ok());
  SweepReport report = fleet.Run(Job::kReactivation);
  CHECK(report.moved == 2);
  CHECK(report.false_offlines == 1);
  fleet.Advance(absl::Minutes(1));
  REQUIRE(fleet.Beat("late").ok());
  report = fleet.Run(Job::kReactivation);
  CHECK(report.moved == 1);
  CHECK(report.false_offlines == 0);
}

TEST_CASE("the demonstration: two are heard, both fall silent, one comes back") {
  Fleet fleet;
  for (const char* id : {"worker-1", "worker-2", "worker-3"}) REQUIRE(fleet.Register(id).ok());
  REQUIRE(fleet.Beat("worker-1").ok());
  REQUIRE(fleet.Beat("worker-2").ok());
  CHECK(fleet.Run(Job::kActivation).moved == 2);
  fleet.Advance(absl::Minutes(2));
  CHECK(fleet.Run(Job::kStaleDetection).moved == 2);
  REQUIRE(fleet.Beat("worker-1").ok());
  CHECK(fleet.Run(Job::kReactivation).moved == 1);
  CHECK(fleet.StatusOf("worker-1") == kActive);
  CHECK(fleet.StatusOf("worker-2") == kOffline);
  CHECK(fleet.StatusOf("worker-3") == kPending);
}

// Runs of jobs on the writer: steps between batches, one run at a time, failures.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "muster/errors.h"
#include "muster/registry.h"
#include "registry/sweep_queue.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/death.h"
#include "tests/registry/flaky_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {
namespace {

Settings WithoutGuard() {
  Settings settings;
  settings.guard_share = 1;
  return settings;
}

struct Fixture {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon{disk, clock, WithoutGuard()};

  void Fleet(int count) {
    (void)daemon.Run<Nothing>([count](WriteTx& tx, const Moment& now) -> Result<Nothing> {
      for (int i = 0; i < count; ++i) {
        RegisterWorkerCommand command;
        command.worker_id = absl::StrCat("w", i);
        command.config.region = "eu";
        command.config.capacity = 1;
        command.generated_instance_id = "made";
        const Result<WorkerView> made = RegisterWorker(command, tx, now);
        if (!made.ok()) return made.error();
      }
      return Nothing{};
    });
    for (int i = 0; i < count; ++i) REQUIRE(daemon.Heartbeat(absl::StrCat("w", i)).ok());
  }
};

// Submits itself again and again until told to stop, like the heartbeats of other workers.
struct Stream final : Command {
  explicit Stream(Registry& r) : registry(r) {}
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError*) override {
    ++batches;
    if (going) (void)registry.Submit(*this);
  }
  Registry& registry;
  bool going = true;
  int batches = 0;
};

TEST_CASE("a long run goes in steps, and commands are carried out between them") {
  Fixture f;
  f.Fleet(8'000);
  Stream stream(f.daemon.registry());
  REQUIRE(f.daemon.registry().Submit(stream).ok());
  std::optional<SweepReport> report;
  f.daemon.registry().RunJob(Job::kActivation, [&](Result<SweepReport> run) {
    REQUIRE(run.ok());
    report = *run;
    stream.going = false;
  });
  const int before = f.disk.commits;
  f.daemon.executor().RunUntilIdle();
  REQUIRE(report);
  CHECK(report->moved == 8'000);
  CHECK(report->ids.size() == kMaxReportedIds);
  CHECK(stream.batches >= 3);
  CHECK(f.disk.commits - before - stream.batches >= 3);
  CHECK(f.daemon.StatusOf("w7999") == WorkerStatus::kActive);
}

TEST_CASE("jobs that find no worker to move do not wait for the disk") {
  Fixture f;
  f.Fleet(10);
  const auto commits_of_a_run = [&f] {
    const int before = f.disk.commits;
    std::optional<SchedulerReport> report;
    f.daemon.registry().RunAllJobs([&](Result<SchedulerReport> run) {
      REQUIRE(run.ok());
      report = *std::move(run);
    });
    f.daemon.executor().RunUntilIdle();
    REQUIRE(report);
    return f.disk.commits - before;
  };
  CHECK(commits_of_a_run() == 1);  // they were heard, and become Active
  CHECK(commits_of_a_run() == 0);
  CHECK(f.disk.violations == 0);
}

TEST_CASE("all three jobs run in order, and no other run comes between") {
  Fixture f;
  f.Fleet(3'000);
  std::vector<std::string> finished;
  std::optional<SchedulerReport> all;
  std::optional<SweepReport> later;
  f.daemon.registry().RunAllJobs([&](Result<SchedulerReport> run) {
    REQUIRE(run.ok());
    finished.push_back("all");
    all = *std::move(run);
  });
  f.daemon.registry().RunJob(Job::kActivation, [&](Result<SweepReport> run) {
    REQUIRE(run.ok());
    finished.push_back("one");
    later = *std::move(run);
  });
  f.daemon.executor().RunUntilIdle();
  CHECK(finished == std::vector<std::string>{"all", "one"});
  CHECK((*all)[0].moved == 3'000);
  CHECK((*all)[1].moved == 0);
  CHECK((*all)[2].moved == 0);
  CHECK(later->moved == 0);
}

TEST_CASE("a run whose commit fails reports it and is counted, and the next run does the rest") {
  Fixture f;
  f.Fleet(3'000);
  std::vector<Result<SweepReport>> runs;
  const auto note = [&](Result<SweepReport> run) { runs.push_back(std::move(run)); };
  f.disk.fail_commits = 1;
  f.daemon.registry().RunJob(Job::kActivation, note);
  f.daemon.registry().RunJob(Job::kActivation, note);
  f.daemon.executor().RunUntilIdle();
  REQUIRE(runs.size() == 2);
  REQUIRE_FALSE(runs[0].ok());
  CHECK(std::holds_alternative<StoreUnavailable>(runs[0].error()));
  REQUIRE(runs[1].ok());
  CHECK(runs[1]->moved == 3'000);
  CHECK(f.daemon.registry().Status().job_failures == 1);
  CHECK(f.disk.violations == 0);
}

TEST_CASE("too many runs at once are refused") {
  Fixture f;
  std::size_t done = 0;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < Registry::kMaxQueuedRuns + 5; ++i) {
    f.daemon.registry().RunJob(Job::kActivation,
                               [&](const Result<SweepReport>& run) { ++(run.ok() ? done : refused); });
  }
  f.daemon.executor().RunUntilIdle();
  CHECK(done == Registry::kMaxQueuedRuns);
  CHECK(refused == 5);
}

TEST_CASE("detection is measured: found, how late, falsely, again and again") {
  Fixture f;
  f.Fleet(1);
  f.daemon.Run(absl::Seconds(15));
  REQUIRE(f.daemon.StatusOf("w0") == WorkerStatus::kActive);
  f.daemon.Run(absl::Minutes(3));
  REQUIRE(f.daemon.StatusOf("w0") == WorkerStatus::kOffline);
  RegistryStatus status = f.daemon.registry().Status();
  CHECK(status.offline_detected == 1);
  CHECK(status.worst_detection_latency <= absl::Seconds(31));
  CHECK(status.false_offlines == 0);

  REQUIRE(f.daemon.Heartbeat("w0").ok());
  f.daemon.Run(absl::Seconds(31));
  REQUIRE(f.daemon.StatusOf("w0") == WorkerStatus::kActive);
  CHECK(f.daemon.registry().Status().false_offlines == 1);
  f.daemon.Run(absl::Minutes(3));
  REQUIRE(f.daemon.StatusOf("w0") == WorkerStatus::kOffline);
  status = f.daemon.registry().Status();
  CHECK(status.offline_detected == 2);
  CHECK(status.flaps == 1);
}

TEST_CASE("a run of jobs is stepped and ended only while there is one") {
  testing::CheckDies([] { SweepQueue().Add({}, nullptr); }, "a run has something to do");
  testing::CheckDies([] { SweepQueue().StepFailed(StoreUnavailable{}); }, "a run is under way");
  testing::CheckDies([] { (void)SweepQueue().RunEnds(); }, "a run is under way");
  testing::CheckDies(
      [] {
        SweepQueue queue;
        queue.Add({Job::kActivation}, nullptr);
        (void)queue.StepCommitted();
      },
      "a step was staged");
}

}  // namespace
}  // namespace muster

// The C++ API on a clock that the test moves.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "muster/registry.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/embedded/open.h"

namespace muster {
namespace {

using testing::BeatOf;
using testing::NewWorker;
using testing::Open;
using testing::StatusOf;

/// A registry on a clock that the test moves.
struct ByHand {
  explicit ByHand(bool scheduled_jobs) {
    RegistryOptions options;
    options.clock = &clock;
    options.scheduled_jobs = scheduled_jobs;
    registry = Open("memory:", options);
  }
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.Advance(absl::Seconds(1));
      registry->RunDue();
    }
  }

  ManualClock clock;
  std::unique_ptr<EmbeddedRegistry> registry;
};

TEST_CASE("on a clock of its own, a test decides when a silent worker is Offline") {
  ByHand f(/*scheduled_jobs=*/false);
  REQUIRE(f.registry->Register(NewWorker("w")).ok());
  REQUIRE(f.registry->RecordHeartbeat(BeatOf("w")).ok());
  REQUIRE(f.registry->RunJob(Job::kActivation).ok());
  REQUIRE(StatusOf(*f.registry, "w") == WorkerStatus::kActive);

  f.Pass(119);
  Result<SweepReport> run = f.registry->RunJob(Job::kStaleDetection);
  REQUIRE(run.ok());
  CHECK(run->moved == 0);
  f.Pass(1);
  CHECK(StatusOf(*f.registry, "w") == WorkerStatus::kActive);  // no job has run
  run = f.registry->RunJob(Job::kStaleDetection);
  REQUIRE(run.ok());
  CHECK(run->ids == std::vector<std::string>{"w"});
  CHECK(StatusOf(*f.registry, "w") == WorkerStatus::kOffline);

  REQUIRE(f.registry->RecordHeartbeat(BeatOf("w")).ok());
  REQUIRE(f.registry->RunJob(Job::kReactivation).ok());
  CHECK(StatusOf(*f.registry, "w") == WorkerStatus::kActive);
}

TEST_CASE("on a clock of its own, scheduled jobs run when they are due") {
  ByHand f(/*scheduled_jobs=*/true);
  REQUIRE(f.registry->Register(NewWorker("w")).ok());
  REQUIRE(f.registry->RecordHeartbeat(BeatOf("w")).ok());
  f.Pass(15);
  CHECK(StatusOf(*f.registry, "w") == WorkerStatus::kActive);
  f.Pass(150);
  CHECK(StatusOf(*f.registry, "w") == WorkerStatus::kOffline);
}

TEST_CASE("time that passes in one jump is not silence") {
  ByHand f(/*scheduled_jobs=*/false);
  REQUIRE(f.registry->Register(NewWorker("w")).ok());
  REQUIRE(f.registry->RecordHeartbeat(BeatOf("w")).ok());
  REQUIRE(f.registry->RunJob(Job::kActivation).ok());
  f.clock.Advance(absl::Hours(1));
  f.registry->RunDue();
  CHECK_FALSE(f.registry->Status().listening);
  const Result<SweepReport> run = f.registry->RunJob(Job::kStaleDetection);
  REQUIRE(run.ok());
  CHECK(run->moved == 0);
}

TEST_CASE("settings change while the registry is open, to valid ones only") {
  ByHand f(/*scheduled_jobs=*/false);
  Settings settings = f.registry->settings();
  settings.heartbeat_timeout = -absl::Seconds(1);
  CHECK(absl::IsInvalidArgument(f.registry->SetSettings(settings)));
  settings.heartbeat_timeout = absl::Seconds(60);
  REQUIRE(f.registry->SetSettings(settings).ok());
  CHECK(f.registry->settings().heartbeat_timeout == absl::Seconds(60));
}

}  // namespace
}  // namespace muster

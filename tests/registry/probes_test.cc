// Probes on the writer: what they wait for, what they leave behind, and what they say of the daemon.
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "muster/registry.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/catch.h"
#include "tests/registry/flaky_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {
namespace {

struct Fixture {
  Disk disk;
  ManualClock clock;
  VirtualDaemon daemon{disk, clock, Settings()};
};

TEST_CASE("a quiet daemon answers its probes without the disk, but for one in 5 s") {
  Fixture f;
  f.daemon.Run(absl::Seconds(20));
  const int before = f.disk.commits;
  const std::int64_t answered = f.daemon.registry().Status().probes_answered;
  f.daemon.Run(absl::Seconds(100));
  CHECK(f.daemon.registry().Status().probes_answered - answered == 100);
  CHECK(f.disk.commits - before >= 19);
  CHECK(f.disk.commits - before <= 21);
}

TEST_CASE("a probe does not wait for the commit of what came with it, and a failed one stops the clock") {
  Fixture f;
  f.daemon.Run(absl::Seconds(20));
  f.disk.fail_commits = 1;
  std::optional<bool> ok;
  std::optional<bool> command_ok;
  f.daemon.registry().Execute<Nothing>(
      "w", [](WriteTx&, const Moment&) -> Result<Nothing> { return Nothing{}; },
      [&](const Result<Nothing>& done) { command_ok = done.ok(); });
  f.daemon.registry().Probe("token", [&](const WorkerError* error) { ok = error == nullptr; });
  f.daemon.executor().RunUntilIdle();
  CHECK(command_ok == false);
  CHECK(ok == true);
  CHECK(f.daemon.registry().TakeProbe("token"));
  CHECK(f.daemon.registry().Status().not_ready_because == "the store cannot be written");
}

TEST_CASE("a probe leaves no trace: no worker, no event, no heartbeat that is counted") {
  Fixture f;
  f.daemon.Run(absl::Seconds(30));
  const RegistryStatus status = f.daemon.registry().Status();
  CHECK(status.probes_answered >= 30);
  CHECK(status.heartbeats_recorded == 0);
  CHECK(status.workers == 0);
  CHECK(*f.disk.store->Reader().LastCursor() == 0);
  CHECK(f.disk.store->Reader().List({}, "", 10)->empty());
}

TEST_CASE("a daemon is ready in an allowance, and not before it has heard itself") {
  Fixture f;
  f.daemon.Run(absl::Seconds(30));
  f.daemon.Freeze(absl::Minutes(1));
  CHECK(f.daemon.registry().Status().not_ready_because.empty());
  CHECK_FALSE(f.daemon.registry().Status().listening);

  Disk disk;
  RealRandom random;
  ManualExecutor executor(f.clock);
  Registry unprobed(std::make_unique<FlakyStore>(disk), f.clock, random, executor, Settings());
  unprobed.Start({"grpc"}, "");
  executor.RunUntilIdle();
  CHECK(unprobed.Status().not_ready_because == "the daemon is starting; until it has heard itself");
}

}  // namespace
}  // namespace muster

// The writer: batches, failed commits, draining, settings.
#include "muster/registry.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "muster/errors.h"
#include "runtime/executor.h"
#include "runtime/health_metrics.h"
#include "runtime/manual_clock.h"
#include "runtime/real_clock.h"
#include "tests/catch.h"
#include "tests/death.h"
#include "tests/registry/flaky_store.h"
#include "tests/registry/virtual_daemon.h"
#include "tests/store/hanging_reads.h"

namespace muster {
namespace {

// Records what happened to it.
struct Probe final : Command {
  explicit Probe(std::vector<int>* order = nullptr, int number = 0) : order_(order), number_(number) {}
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment& now) override {
    heartbeats_recorded_ = 1;
    moment = now;
    if (order_ != nullptr) order_->push_back(number_);
  }
  void Finish(const WorkerError* not_durable) override {
    ++finished;
    if (not_durable != nullptr) error = *not_durable;
  }
  std::vector<int>* order_;
  int number_;
  std::optional<Moment> moment;
  int finished = 0;
  std::optional<WorkerError> error;
};

struct Fixture {
  Disk disk;
  ManualClock clock;
  Settings settings;
  VirtualDaemon daemon{disk, clock, settings};
};

TEST_CASE("the commands that wait are one batch: in order, at one moment, with one commit") {
  Fixture f;
  std::vector<int> order;
  std::vector<Probe> probes;
  for (int i = 0; i < 1'000; ++i) probes.emplace_back(&order, i);
  const int before = f.disk.commits;
  for (Probe& probe : probes) REQUIRE(f.daemon.registry().Submit(probe).ok());
  f.daemon.executor().RunUntilIdle();
  CHECK(f.disk.commits == before + 1);
  REQUIRE(order.size() == 1'000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  for (const Probe& probe : probes) {
    REQUIRE(probe.finished == 1);
    REQUIRE_FALSE(probe.error);
    REQUIRE(probe.moment->wall == probes[0].moment->wall);
  }
  CHECK(f.daemon.registry().Status().heartbeats_recorded == 1'000);
}

// Says what it is about.
struct Foreseen final : Command {
  Foreseen(std::string_view worker_id, bool heartbeat) : id(worker_id), is_heartbeat(heartbeat) {}
  void CollectKeys(BatchKeys& keys) const override {
    keys.ids.push_back(id);
    if (!is_heartbeat) keys.only_heartbeats = false;
  }
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError* not_durable) override { ok = not_durable == nullptr; }
  std::string_view id;
  bool is_heartbeat;
  std::optional<bool> ok;
};

TEST_CASE("a store that is far away gets the heartbeats of a batch apart from its changes") {
  Fixture f;
  f.disk.heartbeats_alone = true;
  Foreseen commands[] = {{"a", true}, {"b", false}, {"c", true}, {"d", false}, {"e", true}};
  for (Foreseen& command : commands) REQUIRE(f.daemon.registry().Submit(command).ok());
  f.disk.fail_commits = 1;
  f.daemon.executor().RunUntilIdle();
  REQUIRE(f.disk.foreseen.size() == 2);
  CHECK(f.disk.foreseen[0].only_heartbeats);
  CHECK(f.disk.foreseen[0].ids == std::vector<std::string_view>{"a", "c", "e"});
  CHECK_FALSE(f.disk.foreseen[1].only_heartbeats);
  CHECK(f.disk.foreseen[1].ids == std::vector<std::string_view>{"b", "d"});
  for (const Foreseen& command : commands)
    CHECK(command.ok == !command.is_heartbeat);  // each with its commit
}

TEST_CASE("commands wait while the store has no room, until its own work has made some") {
  Fixture f;
  f.daemon.executor().RunUntilIdle();
  f.disk.backlog = 1.35;
  const int before = f.disk.commits;
  // Records the store's backlog when it is applied.
  struct Asking final : Command {
    explicit Asking(Disk& asked) : disk(asked) {}
    void CollectKeys(BatchKeys&) const override {}
    void Apply(WriteTx&, const Moment&) override { backlog = disk.backlog; }
    void Finish(const WorkerError* not_durable) override { ok = not_durable == nullptr; }
    Disk& disk;
    double backlog = 0;
    bool ok = false;
  };
  Asking command(f.disk);
  REQUIRE(f.daemon.registry().Submit(command).ok());
  f.daemon.executor().RunUntilIdle();
  CHECK(command.ok);
  CHECK(command.backlog > 0.8);
  CHECK(command.backlog < 1);
  CHECK(f.disk.commits == before + 1);
}

TEST_CASE("a batch has a limit, and the rest is the next one") {
  Fixture f;
  std::vector<int> order;
  std::vector<Probe> probes;
  for (int i = 0; i < 20'000; ++i) probes.emplace_back(&order, i);
  const int before = f.disk.commits;
  for (Probe& probe : probes) REQUIRE(f.daemon.registry().Submit(probe).ok());
  f.daemon.executor().RunUntilIdle();
  CHECK(f.disk.commits == before + 3);
  CHECK(order.size() == 20'000);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

// A heartbeat that takes the writer some time.
struct Slow final : Command {
  Slow(ManualClock& clock, absl::Duration takes) : clock_(clock), takes_(takes) { heartbeats_asked_ = 1; }
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment&) override { clock_.Advance(takes_); }
  void Finish(const WorkerError*) override { ++finished; }
  ManualClock& clock_;
  const absl::Duration takes_;
  int finished = 0;
};

TEST_CASE(
    "more than the writer can do soon is refused, in time for the next heartbeat; then there is room again") {
  Fixture f;
  std::vector<Slow> commands(30'000, Slow(f.clock, absl::Microseconds(5)));
  std::vector<std::size_t> let_in;
  absl::Duration shortest = absl::InfiniteDuration();
  absl::Duration longest;
  for (int round = 0; round < 12; ++round) {  // the writer learns its pace
    let_in.clear();
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Outcome taken = f.daemon.registry().Submit(commands[i]);
      if (taken.ok()) {
        let_in.push_back(i);
      } else {
        const absl::Duration retry = std::get<Overloaded>(taken.error()).retry_after;
        shortest = std::min(shortest, retry);
        longest = std::max(longest, retry);
      }
    }
    const absl::Duration begin = f.clock.MonotonicNow();
    f.daemon.executor().RunUntilIdle();
    if (round > 8) CHECK(f.clock.MonotonicNow() - begin <= absl::Milliseconds(40));
  }
  CHECK(let_in.size() > 5'000);  // 25 ms are enough for these
  CHECK(let_in.size() < 7'000);
  CHECK(shortest > absl::ZeroDuration());
  CHECK(longest < f.settings.heartbeat_timeout / 3);
  CHECK(std::all_of(let_in.begin(), let_in.end(), [&](std::size_t i) { return commands[i].finished >= 1; }));
}

TEST_CASE("a flood of heartbeats does not lock out a worker that registers") {
  Fixture f;
  std::vector<Slow> flood(100'000, Slow(f.clock, absl::ZeroDuration()));
  bool refused = false;
  for (Slow& heartbeat : flood) refused |= !f.daemon.registry().Submit(heartbeat).ok();
  REQUIRE(refused);
  CHECK(f.daemon.registry().Refuses(1'000));
  CHECK(f.daemon.Register("w", "eu").ok());
  CHECK_FALSE(f.daemon.registry().Refuses(1'000));
}

TEST_CASE("an answer leaves room for the next call of the same client") {
  Fixture f;
  // A relay that sends the next thousand heartbeats as soon as it has the answer.
  struct Relay final : Command {
    Relay(Registry& asked, Relay* then) : registry(asked), next(then) { heartbeats_asked_ = 1'000; }
    void CollectKeys(BatchKeys&) const override {}
    void Apply(WriteTx&, const Moment&) override {}
    void Finish(const WorkerError*) override {
      if (next != nullptr) let_in = registry.Submit(*next).ok();
    }
    Registry& registry;
    Relay* next;
    bool let_in = false;
  };
  std::vector<std::unique_ptr<Relay>> first;
  std::vector<std::unique_ptr<Relay>> second;
  do {  // as many as are let in
    second.push_back(std::make_unique<Relay>(f.daemon.registry(), nullptr));
    first.push_back(std::make_unique<Relay>(f.daemon.registry(), second.back().get()));
  } while (f.daemon.registry().Submit(*first.back()).ok());
  first.pop_back();
  REQUIRE(first.size() > 10);
  f.daemon.executor().RunUntilIdle();
  CHECK(std::all_of(first.begin(), first.end(), [](const auto& relay) { return relay->let_in; }));
}

TEST_CASE("a read that may be slow does not run on the thread that asks") {
  Fixture f;
  for (const ReadLane lane : {ReadLane::kPoint, ReadLane::kScan}) {
    std::promise<std::thread::id> ran_on;
    f.daemon.registry().ReadOnPool(
        lane, {}, [&](Result<const ScanReads*>) { ran_on.set_value(std::this_thread::get_id()); });
    CHECK(ran_on.get_future().get() != std::this_thread::get_id());
  }
}

TEST_CASE("while scans hang, point reads are answered") {
  Fixture f;
  REQUIRE(f.daemon.Register("w", "eu").ok());
  Turnstile hang;
  hang.Close();
  for (int i = 0; i < 20; ++i) {  // more than there are threads
    f.daemon.registry().ReadOnPool(ReadLane::kScan, {}, [&](Result<const ScanReads*>) { hang.Pass(); });
  }
  while (hang.held() == 0) std::this_thread::yield();
  std::promise<bool> aside;
  f.daemon.registry().ReadOnPool(ReadLane::kPoint, {}, [&](Result<const ScanReads*> reads) {
    aside.set_value((*reads)->Heartbeats("w", 1, 1).ok());
  });
  CHECK(aside.get_future().get());
  CHECK(f.daemon.StatusOf("w") == WorkerStatus::kPending);
  hang.Open();
  while (hang.came() < 20) std::this_thread::yield();
}

TEST_CASE("a roll that drains takes no more reads") {
  Fixture f;
  f.daemon.registry().Drain([] {});
  for (const ReadLane lane : {ReadLane::kPoint, ReadLane::kScan}) {
    std::optional<WorkerError> refused;
    f.daemon.registry().ReadOnPool(lane, {},
                                   [&](Result<const ScanReads*> reads) { refused = reads.error(); });
    REQUIRE(refused);
    CHECK(std::get<StoreUnavailable>(*refused).reason == "the daemon is stopping");
  }
}

TEST_CASE("if a commit fails every command is told, refused ones too, and the next commit works") {
  Fixture f;
  REQUIRE(f.daemon.Register("here", "eu").ok());
  const std::int64_t failed_before = batches_not_committed.value(BatchFailure::kFailed);
  f.disk.away = true;
  const Result<WorkerView> registered = f.daemon.Register("w", "eu");
  REQUIRE_FALSE(registered.ok());
  CHECK(std::get<StoreUnavailable>(registered.error()).reason == "the disk is full");
  const Result<HeartbeatReceipt> unknown = f.daemon.Heartbeat("nobody");
  REQUIRE_FALSE(unknown.ok());
  CHECK(std::holds_alternative<StoreUnavailable>(unknown.error()));
  CHECK_FALSE(f.daemon.registry().Status().store_writable);
  CHECK(f.daemon.registry().Status().not_ready_because == "the store cannot be written");
  CHECK(f.daemon.StatusOf("w") == std::nullopt);
  CHECK(f.daemon.StatusOf("here") == WorkerStatus::kPending);
  CHECK(batches_not_committed.value(BatchFailure::kFailed) - failed_before == 2);

  f.disk.away = false;
  CHECK(f.daemon.Register("w", "eu").ok());
  CHECK(f.daemon.StatusOf("w") == WorkerStatus::kPending);
  CHECK(f.disk.violations == 0);
}

TEST_CASE("if a commit is in doubt every command is told so") {
  Fixture f;
  std::vector<Probe> probes(3);
  const std::int64_t before = batches_not_committed.value(BatchFailure::kInDoubt);
  f.disk.away = f.disk.in_doubt = true;
  for (Probe& probe : probes) REQUIRE(f.daemon.registry().Submit(probe).ok());
  f.daemon.executor().RunUntilIdle();
  for (const Probe& probe : probes) {
    REQUIRE(probe.finished == 1);
    CHECK(std::get<StoreUnavailable>(*probe.error).in_doubt);
  }
  CHECK(batches_not_committed.value(BatchFailure::kInDoubt) - before == 1);
  CHECK_FALSE(f.daemon.registry().Status().store_writable);
}

TEST_CASE("status shows a commit that hangs while it hangs; a slow commit does not show") {
  Fixture f;
  REQUIRE(f.daemon.Register("w", "eu").ok());
  std::vector<std::string> said;
  absl::Duration takes;
  f.disk.meanwhile = [&] {
    f.clock.Advance(takes);
    said.push_back(f.daemon.registry().Status().not_ready_because);
  };
  takes = absl::Seconds(2);
  for (int i = 0; i < 5; ++i) CHECK(f.daemon.Heartbeat("w").ok());
  CHECK(said.size() >= 5);
  CHECK(std::all_of(said.begin(), said.end(), [](const std::string& each) { return each.empty(); }));
  said.clear();
  takes = absl::Seconds(3.25);
  CHECK(f.daemon.Heartbeat("w").ok());
  REQUIRE_FALSE(said.empty());
  CHECK(said.front() == "the writer has been stuck for 3.2s");
  CHECK(f.daemon.registry().Status().not_ready_because.empty());
}

TEST_CASE("heartbeats that were not durable are not counted") {
  Fixture f;
  f.disk.fail_commits = 1;
  Probe lost;
  REQUIRE(f.daemon.registry().Submit(lost).ok());
  f.daemon.executor().RunUntilIdle();
  CHECK(lost.error);
  CHECK(f.daemon.registry().Status().heartbeats_recorded == 0);
}

TEST_CASE("while the store is away the clock stands still; the writer notices by itself when it is back") {
  Fixture f;
  f.daemon.Run(absl::Seconds(100));
  f.disk.away = true;
  CHECK_FALSE(f.daemon.Heartbeat("nobody").ok());
  const ListeningTime before = f.daemon.registry().Status().clock;
  f.daemon.Run(absl::Hours(1));
  const RegistryStatus away = f.daemon.registry().Status();
  CHECK_FALSE(away.listening);
  CHECK(away.not_listening_because == "the store is not available; until it is");
  CHECK(away.clock - before < absl::Seconds(1));

  f.disk.away = false;
  f.daemon.Run(absl::Seconds(2));
  CHECK(f.daemon.registry().Status().store_writable);
  CHECK_FALSE(f.daemon.registry().Status().listening);  // the allowance
  f.daemon.Run(absl::Seconds(150));                     // what clients that paused for two minutes may need
  CHECK(f.daemon.registry().Status().listening);
  CHECK(f.daemon.registry().Status().clock - before < absl::Seconds(10));
  CHECK(f.disk.violations == 0);
}

TEST_CASE("the clock is stored while nothing happens, so that a crash loses five seconds of it at most") {
  Fixture f;
  f.daemon.Run(absl::Seconds(3));
  CHECK(f.daemon.registry().Status().clock - f.disk.store->LastListening()->proven <= absl::Seconds(1));
  const int before = f.disk.commits;
  f.daemon.Run(absl::Minutes(10));
  CHECK(f.daemon.registry().Status().clock - f.disk.store->LastListening()->proven <= absl::Seconds(5));
  CHECK(f.disk.commits - before < 250);  // 120, and the jobs' own
}

TEST_CASE("draining finishes what waits, refuses what comes, stores the clock, and reports its end once") {
  Fixture f;
  f.daemon.Run(absl::Minutes(1));
  std::vector<Probe> probes(10'000);
  for (Probe& probe : probes) REQUIRE(f.daemon.registry().Submit(probe).ok());
  std::optional<WorkerError> job_error;
  f.daemon.registry().RunJob(Job::kStaleDetection, [&](const Result<SweepReport>& run) {
    if (!run.ok()) job_error = run.error();
  });
  int drained = 0;
  f.daemon.registry().Drain([&] {
    ++drained;
    for (const Probe& probe : probes) CHECK(probe.finished == 1);
  });
  Probe late;
  const Outcome refused = f.daemon.registry().Submit(late);
  REQUIRE_FALSE(refused.ok());
  CHECK(std::get<StoreUnavailable>(refused.error()).reason == "the daemon is draining");
  f.daemon.executor().RunUntilIdle();
  CHECK(drained == 1);
  CHECK(f.disk.store->LastListening()->proven == f.daemon.registry().Status().clock);
  CHECK(job_error);
  f.daemon.Run(absl::Minutes(1));
  CHECK(drained == 1);
  CHECK(late.finished == 0);
  bool again = false;
  f.daemon.registry().Drain([&] { again = true; });
  f.daemon.executor().RunUntilIdle();
  CHECK(again);
}

TEST_CASE("draining does not wait for a store that is away") {
  Fixture f;
  f.disk.away = true;
  Probe probe;
  REQUIRE(f.daemon.registry().Submit(probe).ok());
  bool drained = false;
  f.daemon.registry().Drain([&] { drained = true; });
  f.daemon.executor().RunUntilIdle();
  CHECK(drained);
  CHECK(probe.error);
}

TEST_CASE("the advised interval follows the fleet and the settings") {
  Fixture f;
  const auto near = [](absl::Duration got, absl::Duration wanted) {
    return got >= wanted * 0.89 && got <= wanted * 1.11;
  };
  CHECK(near(f.daemon.registry().NextInterval(), absl::Seconds(10)));
  for (int i = 0; i < 30; ++i) REQUIRE(f.daemon.Register(absl::StrCat("w", i), "eu").ok());
  Settings settings = f.settings;
  settings.max_heartbeats_per_second = 1;
  f.daemon.registry().SetSettings(settings);
  f.daemon.executor().RunUntilIdle();
  CHECK(f.daemon.registry().settings()->max_heartbeats_per_second == 1);
  CHECK(near(f.daemon.registry().NextInterval(), absl::Seconds(30)));
  CHECK(f.daemon.registry().NextInterval() != f.daemon.registry().NextInterval());
  CHECK(f.daemon.registry().Status().workers == 30);
}

TEST_CASE("many threads submit to a threaded roll: each command is answered once, and none after the drain") {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  const RealClock clock;
  Disk disk;
  RealRandom random;
  ThreadedExecutor executor(clock);
  Registry registry(std::make_unique<FlakyStore>(disk), clock, random, executor, Settings());
  registry.Start({"no socket"}, "");
  std::vector<std::vector<Probe>> probes(kThreads);
  std::vector<int> taken(kThreads, 0);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    probes[thread].resize(kEach);
    threads.emplace_back([&, thread] {
      for (Probe& probe : probes[thread]) {
        if (registry.Submit(probe).ok()) ++taken[thread];
        (void)registry.NextInterval();
        (void)registry.Status();
      }
    });
  }
  std::promise<void> drained;
  threads[0].join();
  registry.Drain([&] { drained.set_value(); });
  for (std::size_t thread = 1; thread < kThreads; ++thread) threads[thread].join();
  drained.get_future().wait();
  executor.Stop();
  std::int64_t all = 0;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    for (int i = 0; i < kEach; ++i) {
      REQUIRE(probes[thread][static_cast<std::size_t>(i)].finished == (i < taken[thread] ? 1 : 0));
    }
    all += taken[thread];
  }
  CHECK(taken[0] == kEach);
  CHECK(registry.Status().heartbeats_recorded == all);
}

TEST_CASE("invalid settings are refused before they reach the roll, or the process ends") {
  Fixture f;
  Settings settings;
  settings.heartbeat_timeout = -absl::Seconds(1);
  testing::CheckDies([&] { f.daemon.registry().SetSettings(settings); }, "the settings make sense");
}

}  // namespace
}  // namespace muster

// The writer where other daemons share its store: batches that are decided again, leading and following,
// runs that wait, and a daemon that was away.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "muster/commands.h"
#include "muster/errors.h"
#include "muster/registry.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/registry/shared_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);        // of a timeout of two minutes
constexpr absl::Duration kAllowance = absl::Seconds(40);  // likewise

ListeningTime At(absl::Duration clock) {
  return ListeningTime() + clock;
}

struct Fixture {
  explicit Fixture(bool leads) {
    others.membership.leads = leads;
    others.membership.heard.advancing = true;
    daemon.emplace(std::make_unique<SharedStore>(others), clock, Settings());
  }

  void Heard(absl::Duration at) {
    others.membership.heard.state.proven = others.membership.heard.running = At(at);
  }
  std::optional<WorkerView> Find(std::string_view id) const {
    Result<std::optional<WorkerView>> found = others.store->Reader().Find(id);
    REQUIRE(found.ok());
    return *found;
  }
  WorkerStatus StatusOf(std::string_view id) const { return Find(id)->worker->status; }
  RegistryStatus Status() { return daemon->registry().Status(); }

  OtherDaemons others;
  ManualClock clock;
  std::optional<VirtualDaemon> daemon;
};

// One heartbeat, as an interface sends it.
struct Heartbeat final : Command {
  explicit Heartbeat(std::string worker) : id(std::move(worker)) {}
  void CollectKeys(BatchKeys& keys) const override { keys.ids.push_back(id); }
  void Apply(WriteTx& tx, const Moment& now) override {
    ++applied;
    stamped = now.listening;
    const Result<HeartbeatReceipt> receipt =
        RecordHeartbeat({id, "", std::nullopt, ""}, absl::Minutes(2), tx, now);
    if (receipt.ok()) ++heartbeats_recorded_;
    answer = receipt.ok() ? std::string(StatusName(receipt->status)) : std::string(ReasonOf(receipt.error()));
  }
  void Finish(const WorkerError* not_durable) override {
    ++finished;
    if (not_durable != nullptr) answer = MessageOf(*not_durable);
  }
  std::string id;
  int applied = 0;
  int finished = 0;
  std::string answer;
  ListeningTime stamped;
};

std::vector<Heartbeat> Carried(Fixture& f, const std::vector<std::string>& ids) {
  std::vector<Heartbeat> heartbeats;
  heartbeats.reserve(ids.size());
  for (const std::string& id : ids) heartbeats.emplace_back(id);
  for (Heartbeat& heartbeat : heartbeats) REQUIRE(f.daemon->registry().Submit(heartbeat).ok());
  f.daemon->executor().RunUntilIdle();
  return heartbeats;
}

TEST_CASE("a batch that lost the race to another daemon is decided again, and only the last answer counts") {
  Fixture f(true);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  REQUIRE(f.daemon->Register("b", "eu").ok());
  f.others.faster = 2;
  f.others.change = [&](Store& store) {  // the first is unregistered, then the second has changed
    WriteTx& tx = store.Begin();
    const Moment now{f.clock.WallNow(), ListeningTime()};
    if (f.others.faster == 1) {
      REQUIRE(UnregisterWorker({"a", std::nullopt, "other"}, tx, now).ok());
    } else {
      const UpdateWorkerStatusCommand activate{"b", WorkerStatus::kActive, {}, {}, "", "other"};
      REQUIRE(UpdateWorkerStatus(activate, tx, now).ok());
    }
    REQUIRE(store.Commit({}).committed());
  };
  for (const Heartbeat& heartbeat : Carried(f, {"a", "b", "nobody", "b"})) {
    CHECK(heartbeat.applied == 3);
    CHECK(heartbeat.finished == 1);
    CHECK(heartbeat.answer == (heartbeat.id == "b" ? "Active" : "WORKER_NOT_FOUND"));
  }
  CHECK(f.Find("b")->pulse.total == 2);
  CHECK(f.Status().heartbeats_recorded == 2);
  CHECK(f.Status().store_writable);
}

TEST_CASE("a value that the store refuses fails its own command, not the rest of the batch") {
  Fixture f(true);
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(absl::StrCat("w", i));
  for (const std::string& id : ids) REQUIRE(f.daemon->Register(id, "eu").ok());
  f.others.refused = {"w7", "w42"};
  for (const Heartbeat& heartbeat : Carried(f, ids)) {
    CAPTURE(heartbeat.id);
    CHECK(heartbeat.finished == 1);
    const bool refused = f.others.refused.contains(heartbeat.id);
    CHECK((heartbeat.answer == "Pending") == !refused);
    CHECK((heartbeat.answer.find("the store cannot hold this") != std::string::npos) == refused);
    CHECK(f.Find(heartbeat.id)->pulse.total == (refused ? 0 : 1));
  }
  CHECK(f.Status().heartbeats_recorded == 48);
  CHECK(f.Status().store_writable);
  CHECK(f.Status().listening);
}

// A batch, as a relay sends it.
struct Relayed final : Command {
  explicit Relayed(std::vector<std::string> workers) : ids(std::move(workers)) {}
  void CollectKeys(BatchKeys& keys) const override {
    keys.ids.insert(keys.ids.end(), ids.begin(), ids.end());
  }
  void Apply(WriteTx& tx, const Moment& now) override {
    refused.clear();
    for (const std::string& id : ids) {
      if (RecordHeartbeat({id, "", std::nullopt, ""}, absl::Minutes(2), tx, now).ok()) {
        ++heartbeats_recorded_;
      } else {
        refused.push_back(id);
      }
    }
  }
  void Finish(const WorkerError* not_durable) override { done = not_durable == nullptr; }
  std::vector<std::string> ids;
  std::vector<std::string> refused;
  bool done = false;
};

TEST_CASE("a heartbeat of a worker whose row another program holds waits for it, and no other one does") {
  Fixture f(true);
  for (const char* id : {"a", "b", "c"}) REQUIRE(f.daemon->Register(id, "eu").ok());
  f.others.held = {{"b", absl::Seconds(3)}};
  Heartbeat a("a");
  Heartbeat b("b");
  Relayed relayed({"a", "b", "c"});
  for (Command* command :
       {static_cast<Command*>(&a), static_cast<Command*>(&b), static_cast<Command*>(&relayed)})
    REQUIRE(f.daemon->registry().Submit(*command).ok());
  f.daemon->executor().RunUntilIdle();
  CHECK(a.answer == "Pending");
  CHECK(b.finished == 0);
  CHECK(relayed.done);  // with an answer for each
  CHECK(relayed.refused == std::vector<std::string>{"b"});
  CHECK(f.Status().heartbeats_recorded == 3);

  f.daemon->Run(5 * kTick);
  CHECK(b.finished == 0);
  CHECK(f.Status().store_writable);
  f.others.held.clear();
  f.daemon->Run(2 * kTick);
  CHECK(b.finished == 1);
  CHECK(b.answer == "Pending");
  CHECK(f.Find("b")->pulse.total == 1);
  CHECK(f.Find("a")->pulse.total == 2);
}

TEST_CASE("if a row is held for a moment, every command waits for it: another daemon is at work") {
  Fixture f(true);
  for (const char* id : {"a", "b"}) REQUIRE(f.daemon->Register(id, "eu").ok());
  f.others.held = {{"b", absl::Milliseconds(100)}};
  Relayed relayed({"a", "b"});
  REQUIRE(f.daemon->registry().Submit(relayed).ok());
  f.daemon->executor().RunUntilIdle();
  CHECK_FALSE(relayed.done);
  f.others.held.clear();
  f.daemon->Run(2 * kTick);
  CHECK(relayed.done);
  CHECK(relayed.refused.empty());
  CHECK(f.Find("a")->pulse.total == 1);
  CHECK(f.Status().heartbeats_recorded == 2);
}

TEST_CASE("no command waits for ever for a row that is held, and a drain does not wait for it at all") {
  Fixture f(true);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  f.others.held = {{"a", absl::Seconds(1)}};
  Heartbeat given_up("a");
  REQUIRE(f.daemon->registry().Submit(given_up).ok());
  f.daemon->Run(absl::Seconds(12));
  CHECK(given_up.answer == "STORE_UNAVAILABLE");
  CHECK(f.Status().store_writable);

  Heartbeat waits("a");
  REQUIRE(f.daemon->registry().Submit(waits).ok());
  f.daemon->executor().RunUntilIdle();
  CHECK(waits.finished == 0);
  bool drained = false;
  f.daemon->registry().Drain([&] { drained = true; });
  f.daemon->executor().RunUntilIdle();
  CHECK(drained);
  CHECK(waits.answer == "STORE_UNAVAILABLE");
}

TEST_CASE("daemons with different settings are reported, until they have the same") {
  Fixture f(true);
  CHECK(f.Status().differing_settings.empty());
  f.others.membership.differing_settings = {"heartbeat_timeout: 2m here, 20s at musterd b"};
  f.daemon->Run(2 * kTick);
  CHECK(f.Status().differing_settings == f.others.membership.differing_settings);
  f.others.membership.differing_settings.clear();
  f.daemon->Run(2 * kTick);
  CHECK(f.Status().differing_settings.empty());
}

TEST_CASE("a batch that always loses the race is given up, and this does not count as a store that is away") {
  Fixture f(true);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  f.daemon->Run(absl::Seconds(10));
  f.others.faster = 1'000;
  const std::size_t before = f.others.batches.size();
  for (const Heartbeat& heartbeat : Carried(f, {"a", "a"})) {
    CHECK(heartbeat.finished == 1);
    CHECK(heartbeat.answer.find("other daemons change the same workers") != std::string::npos);
  }
  CHECK(f.others.batches.size() == before + 5);
  CHECK(f.Status().heartbeats_recorded == 0);
  CHECK(f.Status().store_writable);
  CHECK(f.Status().listening);
  f.others.faster = 0;
  CHECK(Carried(f, {"a"})[0].answer == "Pending");
  CHECK(f.Find("a")->pulse.total == 1);
}

// A thousand heartbeats, as one command.
struct Batch final : Command {
  void CollectKeys(BatchKeys& keys) const override {
    for (int i = 0; i < 1'000; ++i) keys.ids.emplace_back("w");
  }
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError* not_durable) override { ok = not_durable == nullptr; }
  bool ok = false;
};

TEST_CASE("a batch is not too large for a store that is far away, however many heartbeats a command has") {
  Fixture f(true);
  f.others.batches.clear();
  std::vector<Batch> batches(101);
  for (Batch& batch : batches) REQUIRE(f.daemon->registry().Submit(batch).ok());
  f.daemon->executor().RunUntilIdle();
  for (const Batch& batch : batches) CHECK(batch.ok);
  CHECK(f.others.batches == std::vector<std::size_t>{20'000, 20'000, 20'000, 20'000, 20'000, 1'000});
}

TEST_CASE("a follower runs no scheduled jobs; a new leader does within an interval") {
  Fixture f(false);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  REQUIRE(Carried(f, {"a"})[0].answer == "Pending");
  f.daemon->Run(absl::Minutes(5));
  CHECK(f.others.steps == 0);
  CHECK(f.others.steps_refused == 0);
  CHECK(f.StatusOf("a") == WorkerStatus::kPending);
  CHECK_FALSE(f.Status().leads);
  f.others.membership.leads = true;
  f.daemon->Run(absl::Seconds(10) + kTick);
  CHECK(f.Status().leads);
  CHECK(f.StatusOf("a") == WorkerStatus::kActive);
  f.others.membership.leads = false;
  f.daemon->Run(kTick);
  const int steps = f.others.steps;
  f.daemon->Run(absl::Minutes(5));
  CHECK(f.others.steps == steps);
}

TEST_CASE(
    "a run requested from a follower waits for another daemon's run, and tries once a tick; batches go on") {
  Fixture f(false);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  REQUIRE(Carried(f, {"a"})[0].answer == "Pending");
  f.others.run_under_way = true;
  std::optional<Result<SchedulerReport>> report;
  f.daemon->registry().RunAllJobs([&](Result<SchedulerReport> done) { report.emplace(std::move(done)); });
  f.daemon->Run(absl::Seconds(20));
  CHECK_FALSE(report);
  CHECK(f.others.steps_refused >= 19);
  CHECK(f.others.steps_refused <= 22);
  CHECK(Carried(f, {"a"})[0].answer == "Pending");
  CHECK(f.others.steps_refused <= 22);
  CHECK(f.others.runs_ended == 0);

  f.others.run_under_way = false;
  f.daemon->Run(kTick);
  REQUIRE(report);
  REQUIRE(report->ok());
  CHECK((**report)[0].ids == std::vector<std::string>{"a"});
  CHECK(f.others.steps == 3);
  CHECK(f.others.runs_ended == 1);
  CHECK(f.StatusOf("a") == WorkerStatus::kActive);
}

TEST_CASE("a failed run, and a run of a daemon that drains, end for the other daemons as well") {
  Fixture f(true);
  std::optional<Result<SweepReport>> report;
  const auto note = [&](Result<SweepReport> done) { report.emplace(std::move(done)); };
  f.others.away = true;
  f.daemon->registry().RunJob(Job::kActivation, note);
  f.daemon->executor().RunUntilIdle();
  REQUIRE(report);
  CHECK_FALSE(report->ok());
  CHECK(f.others.runs_ended == 1);
  f.others.away = false;
  f.daemon->Run(kTick);
  f.others.run_under_way = true;
  report.reset();
  f.daemon->registry().RunJob(Job::kActivation, note);
  f.daemon->executor().RunUntilIdle();
  CHECK_FALSE(report);
  f.daemon->registry().Drain([] {});
  f.daemon->executor().RunUntilIdle();
  REQUIRE(report);
  CHECK_FALSE(report->ok());
  CHECK(f.others.runs_ended == 2);
}

TEST_CASE("a follower uses the leader's clock, and says why it stands still") {
  Fixture f(false);
  f.others.workers = 1'234;
  f.Heard(absl::Seconds(50));
  f.daemon->Run(kTick);
  CHECK(f.Status().listening);
  CHECK(f.Status().workers == 1'234);
  CHECK(f.Status().clock >= At(absl::Seconds(50)));
  CHECK(f.Status().clock <= At(absl::Seconds(52)));
  CHECK(Carried(f, {"nobody"})[0].stamped >= At(absl::Seconds(50)));
  f.others.membership.heard.advancing = false;
  f.others.membership.heard.because = "the daemon was started again";
  f.daemon->Run(absl::Seconds(10));
  CHECK_FALSE(f.Status().listening);
  CHECK(f.Status().not_listening_because == "the daemon was started again");
  CHECK(f.Status().clock == At(absl::Seconds(50)));
}

TEST_CASE("leader, follower, leader: the clock continues from the last state, after an allowance") {
  Fixture f(true);
  CHECK(f.Status().listening);  // a roll that was never written
  f.daemon->Run(absl::Seconds(20));
  CHECK(f.Status().clock == At(absl::Seconds(20)));
  CHECK(f.others.reports.back().advancing);
  CHECK(f.others.reports.back().state.proven >= At(absl::Seconds(19)));

  f.others.membership.leads = false;
  f.Heard(absl::Seconds(100));
  f.daemon->Run(kTick);
  CHECK_FALSE(f.Status().leads);
  CHECK(f.Status().clock >= At(absl::Seconds(100)));
  CHECK(f.Status().clock <= At(absl::Seconds(102)));

  f.others.membership.leads = true;
  f.others.last = ProvenState{At(absl::Seconds(200)), kAllowance};
  f.daemon->Run(kTick);
  CHECK(f.Status().leads);
  CHECK_FALSE(f.Status().listening);
  CHECK(f.Status().not_listening_because.starts_with("another daemon had led before"));
  CHECK(f.Status().clock == At(absl::Seconds(200)));
  f.daemon->Run(kAllowance - 2 * kTick);
  CHECK(f.Status().clock == At(absl::Seconds(200)));
  CHECK_FALSE(f.others.reports.back().advancing);
  CHECK(f.others.reports.back().because.starts_with("another daemon had led before"));
  f.daemon->Run(absl::Seconds(12));
  CHECK(f.Status().listening);
  CHECK(f.Status().clock >= At(absl::Seconds(209)));
  CHECK(f.Status().clock <= At(absl::Seconds(211)));
}

TEST_CASE("if a daemon is lost, the leader gives its workers time") {
  Fixture f(true);
  f.daemon->Run(absl::Seconds(10));
  REQUIRE(f.Status().listening);
  f.others.membership.daemon_lost = true;
  f.daemon->Run(2 * kTick);
  CHECK(f.Status().not_listening_because.starts_with("a daemon was lost"));
  f.daemon->Run(kAllowance);
  CHECK(f.Status().listening);
}

TEST_CASE("a daemon that was stopped learns the listening time before it decides anything") {
  Fixture f(GENERATE(true, false));
  f.daemon->Run(absl::Seconds(10));
  f.clock.Advance(absl::Minutes(10));
  f.others.membership.leads = false;
  f.Heard(absl::Minutes(10));
  CHECK(Carried(f, {"nobody"})[0].stamped >= At(absl::Minutes(10)));
  CHECK_FALSE(f.Status().leads);
}

TEST_CASE("a daemon that cannot learn the listening time decides nothing, and says so") {
  const bool led = GENERATE(true, false);
  Fixture f(led);
  REQUIRE(f.daemon->Register("a", "eu").ok());
  f.others.membership_fails = true;
  f.daemon->Run(absl::Minutes(10));
  const int steps = f.others.steps;
  const Heartbeat refused = std::move(Carried(f, {"a"})[0]);
  CHECK(refused.applied == 0);
  CHECK(refused.answer.find("not there") != std::string::npos);
  std::optional<Result<SchedulerReport>> report;
  f.daemon->registry().RunAllJobs([&](Result<SchedulerReport> done) { report.emplace(std::move(done)); });
  f.daemon->executor().RunUntilIdle();
  REQUIRE(report);
  CHECK_FALSE(report->ok());
  CHECK(f.others.steps == steps);
  CHECK_FALSE(f.Status().store_writable);

  f.others.membership_fails = false;
  f.others.membership.leads = false;
  f.Heard(absl::Minutes(10));
  const Heartbeat taken = std::move(Carried(f, {"a"})[0]);  // between two ticks
  CHECK(taken.answer == "Pending");
  CHECK(taken.stamped >= At(absl::Minutes(10)));
  CHECK(f.Status().store_writable);
}

TEST_CASE("a daemon that starts while the store is away takes part when it is back") {
  OtherDaemons others;
  others.away = true;
  ManualClock clock;
  VirtualDaemon daemon(std::make_unique<SharedStore>(others), clock, Settings());
  CHECK_FALSE(daemon.Register("a", "eu").ok());
  daemon.Run(absl::Seconds(30));
  CHECK_FALSE(daemon.registry().Status().leads);
  CHECK_FALSE(daemon.registry().Status().store_writable);
  others.away = false;
  daemon.Run(kTick);
  CHECK(daemon.registry().Status().leads);
  CHECK(daemon.registry().Status().store_writable);
  CHECK(daemon.Register("a", "eu").ok());
}

}  // namespace
}  // namespace muster

// Random lives: thousands of commands and sweeps in any order, compared with an oracle that knows only the
// table of the status machine and the words of the contract. The seeds are fixed, so that a failure can be
// repeated.
#include <map>
#include <random>
#include <set>
#include <string>

#include "catch.h"
#include "tests/store/test_runtime.h"
#include "usecases/fleet.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

constexpr const char* kIds[] = {"w0", "w1", "w2", "w3", "w4"};
constexpr const char* kInstances[] = {"a", "b", "c"};

// What a worker should be.
struct Expected {
  WorkerStatus status = kPending;
  std::string instance;
  std::int32_t capacity = 0;
  int heard_in_all = 0;
  int heard_since_registration = 0;
  std::optional<ListeningTime> last_heard;
  std::optional<ListeningTime> by_hand;
};

class Life {
 public:
  Life(unsigned seed, std::unique_ptr<Store> store) : fleet_(std::move(store)), random_(seed) {
    fleet_.settings.guard_share = 1;  // the guard has tests of its own
  }

  void Live(int steps) {
    for (int step = 0; step < steps; ++step) {
      INFO("step " << step);
      const std::size_t events = fleet_.Events().size();
      expected_events_ = 0;
      Act();
      CHECK(fleet_.Events().size() == events + expected_events_);
      CompareAll();
    }
    CheckEvents();
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string PickId() { return kIds[Pick(std::size(kIds))]; }
  std::string PickInstance() { return kInstances[Pick(std::size(kInstances))]; }
  WorkerStatus PickStatus() { return kAllStatuses[Pick(std::size(kAllStatuses))]; }

  void Act() {
    switch (Pick(8)) {
      case 0:
        return Register();
      case 1:
        return Unregister();
      case 2:
      case 3:
        return Beat();
      case 4:
        return Move();
      case 5:
        return fleet_.Advance(absl::Seconds(Pick(90)));
      case 6:
        return Sweep(kAllJobs[Pick(3)]);
      default:
        return Sweep(Job::kActivation);
    }
  }

  void Register() {
    RegisterWorkerCommand command = Fleet::Registration(PickId());
    command.instance_id = PickInstance();
    command.replace = Pick(2) == 0;
    command.config.capacity = 1 + Pick(2);
    const std::string refusal = Refusal(fleet_.Register(command));
    const auto found = workers_.find(command.worker_id);
    if (found == workers_.end()) {
      CHECK(refusal.empty());
      workers_[command.worker_id] = {kPending, command.instance_id, command.config.capacity, 0, 0, {}, {}};
      expected_events_ = 1;
      return;
    }
    Expected& worker = found->second;
    if (worker.instance == command.instance_id && worker.capacity == command.config.capacity) {
      CHECK(refusal.empty());
    } else if (!command.replace) {
      CHECK(refusal == "WORKER_ALREADY_EXISTS");
    } else if (worker.status == kFailed) {
      CHECK(refusal == "INVALID_STATE_TRANSITION");
    } else {
      CHECK(refusal.empty());
      worker.status = kPending;
      worker.instance = command.instance_id;
      worker.capacity = command.config.capacity;
      worker.heard_since_registration = 0;
      worker.by_hand.reset();
      expected_events_ = 1;
      IgnoreCloneReports();
    }
  }

  void Unregister() {
    if (Pick(3) != 0) return;
    const std::string id = PickId();
    const bool known = workers_.erase(id) > 0;
    CHECK(Refusal(fleet_.Unregister(id)) == (known ? "" : "WORKER_NOT_FOUND"));
    expected_events_ = known ? 1 : 0;
  }

  void Beat() {
    const std::string id = PickId();
    const std::string instance = Pick(2) == 0 ? "" : PickInstance();
    const Result<HeartbeatReceipt> result = fleet_.Beat(id, instance);
    const auto found = workers_.find(id);
    if (found == workers_.end()) {
      CHECK(Refusal(result) == "WORKER_NOT_FOUND");
    } else if (!instance.empty() && instance != found->second.instance) {
      CHECK(Refusal(result) == "INSTANCE_SUPERSEDED");
      IgnoreCloneReports();
    } else {
      REQUIRE(result.ok());
      CHECK(result->status == found->second.status);
      ++found->second.heard_in_all;
      ++found->second.heard_since_registration;
      found->second.last_heard = fleet_.now.listening;
    }
  }

  void Move() {
    UpdateWorkerStatusCommand command{PickId(), PickStatus(), {}, {}, "", "ops"};
    if (Pick(3) == 0) command.expected_status = PickStatus();
    if (Pick(3) == 0 && fleet_.Knows(command.worker_id)) {
      command.expected_revision = fleet_.Get(command.worker_id).worker->revision - Pick(2);
    }
    const bool stale_revision = command.expected_revision &&
                                *command.expected_revision != fleet_.Get(command.worker_id).worker->revision;
    const std::string refusal = Refusal(fleet_.Update(command));
    const auto found = workers_.find(command.worker_id);
    if (found == workers_.end()) {
      CHECK(refusal == "WORKER_NOT_FOUND");
      return;
    }
    Expected& worker = found->second;
    if (stale_revision || command.expected_status.value_or(worker.status) != worker.status) {
      CHECK(refusal == "INVALID_WORKER_STATE");
      return;
    }
    if (worker.status == command.status) {
      CHECK(refusal.empty());
      return;
    }
    const bool legal = (worker.status == kPending && command.status == kActive) ||
                       (worker.status == kActive && command.status == kOffline) ||
                       (worker.status == kOffline && command.status == kActive) ||
                       (worker.status != kFailed && command.status == kFailed);
    CHECK(refusal == (legal ? "" : "INVALID_STATE_TRANSITION"));
    if (!legal) return;
    worker.status = command.status;
    if (command.status == kActive) worker.by_hand = fleet_.now.listening;
    expected_events_ = 1;
  }

  void Sweep(Job job) {
    std::set<std::string> due;
    for (auto& [id, worker] : workers_) {
      const ListeningTime edge = fleet_.now.listening - fleet_.settings.heartbeat_timeout;
      const std::optional<ListeningTime> reference = std::max(worker.last_heard, worker.by_hand);
      bool moves = false;
      if (job == Job::kActivation) moves = worker.status == kPending && worker.heard_since_registration > 0;
      if (job == Job::kStaleDetection) moves = worker.status == kActive && reference <= edge;
      if (job == Job::kReactivation) moves = worker.status == kOffline && worker.last_heard > edge;
      if (!moves) continue;
      due.insert(id);
      worker.status = job == Job::kStaleDetection ? kOffline : kActive;
    }
    const SweepReport report = fleet_.Run(job, 1 + Pick(3));
    CHECK(std::set<std::string>(report.ids.begin(), report.ids.end()) == due);
    CHECK(report.moved == static_cast<std::int64_t>(due.size()));
    expected_events_ = due.size();
  }

  // Reports of clones are events that the oracle does not predict; clones_test.cc tests them.
  void IgnoreCloneReports() {
    const std::size_t reports = fleet_.EventsOf(EventType::kCloneDetected).size();
    expected_events_ += reports - clone_reports_;
    clone_reports_ = reports;
  }

  void CompareAll() {
    const std::vector<WorkerView> listed = ListWorkers(fleet_.reader(), {}, {})->workers;
    REQUIRE(listed.size() == workers_.size());
    for (const WorkerView& view : listed) {
      INFO(view.worker->id);
      const Expected& worker = workers_.at(view.worker->id);
      CHECK(view.worker->status == worker.status);
      CHECK(view.worker->instance_id == worker.instance);
      CHECK(view.worker->config.capacity == worker.capacity);
      CHECK(view.pulse.total == worker.heard_in_all);
      if (worker.heard_in_all > 0) CHECK(view.pulse.heard_at == worker.last_heard);
    }
  }

  // The events describe every life without a gap: each change starts where the one before ended.
  void CheckEvents() {
    std::map<std::string, std::optional<WorkerStatus>> status;
    std::map<std::string, std::int64_t> revision;
    std::int64_t cursor = 0;
    for (const Event& event : fleet_.Events()) {
      INFO("event " << event.cursor);
      CHECK(event.cursor == ++cursor);
      if (event.type == EventType::kCloneDetected) continue;
      CHECK(event.revision > revision[event.worker_id]);
      revision[event.worker_id] = event.revision;
      CHECK_FALSE(event.reason.empty());
      CHECK_FALSE(event.actor.empty());
      std::optional<WorkerStatus>& now = status[event.worker_id];
      if (event.type == EventType::kRegistered) {
        CHECK_FALSE(now);
      } else if (event.type != EventType::kUnregistered) {
        CHECK(event.from == now);
      }
      now = event.to;
    }
    for (const auto& [id, worker] : workers_) {
      CHECK(status[id] == worker.status);
      CHECK(revision[id] == fleet_.Get(id).worker->revision);
    }
  }

  Fleet fleet_;
  std::mt19937 random_;
  std::map<std::string, Expected> workers_;
  std::size_t expected_events_ = 0;
  std::size_t clone_reports_ = 0;
};

}  // namespace

TEST_CASE("whatever happens in whatever order, the roll is as the contract says") {
  const unsigned seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u);
  INFO("seed " << seed);
  SECTION("on the reference store") {
    Life(seed, std::make_unique<FakeStore>()).Live(400);
  }
  SECTION("on the store in memory") {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenTestStore("memory:");
    REQUIRE(store.ok());
    Life(seed, *std::move(store)).Live(400);
  }
}

// Lists are in the order of ids, in whatever order workers register, and skip what no filter wants.
#include "store/model/order_index.h"

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace muster {
namespace {

class Fleet {
 public:
  void Add(const std::string& id, WorkerStatus status) {
    const auto slot = static_cast<std::uint32_t>(next_++);
    workers_.GrowTo(next_);
    leaf_of_.GrowTo(next_);
    Set(slot, id, status);
    index_.Insert(slot);
    slots_[id] = slot;
  }
  void Remove(const std::string& id) {
    index_.Erase(slots_.at(id));
    workers_[slots_.at(id)] = nullptr;
    slots_.erase(id);
  }
  void Change(const std::string& id, WorkerStatus to) {
    const std::uint32_t slot = slots_.at(id);
    index_.ChangeStatus(slot, workers_[slot]->status, to);
    Set(slot, id, to);
  }
  std::vector<std::string> Ids(const std::string& after, StatusMask statuses) const {
    std::vector<std::string> ids;
    index_.VisitAfter(after, statuses, [&](std::uint32_t slot) {
      if ((statuses & MaskOf(workers_[slot]->status)) != 0) ids.push_back(workers_[slot]->id);
      return true;
    });
    return ids;
  }
  int Visited(StatusMask statuses) const {
    int visited = 0;
    index_.VisitAfter("", statuses, [&](std::uint32_t) { return ++visited > 0; });
    return visited;
  }
  WorkerStatus StatusOf(const std::string& id) const { return workers_[slots_.at(id)]->status; }

 private:
  void Set(std::uint32_t slot, const std::string& id, WorkerStatus status) {
    Worker worker;
    worker.id = id;
    worker.status = status;
    workers_[slot] = std::make_shared<const Worker>(worker);
  }

  std::size_t next_ = 0;
  Slab<WorkerPtr> workers_;
  Slab<std::uint32_t> leaf_of_;
  OrderIndex index_{workers_, leaf_of_};
  std::map<std::string, std::uint32_t> slots_;
};

TEST_CASE("the order of ids is kept through random insertions, removals and moves") {
  std::mt19937 random(7);
  Fleet fleet;
  std::map<std::string, WorkerStatus> expected;
  const auto any_status = [&random] { return kAllStatuses[random() % 4]; };
  for (int round = 0; round < 20'000; ++round) {
    const std::string id = absl::StrCat("w", random() % 4000);
    const auto known = expected.find(id);
    const bool shrinking = round > 12'000;
    if (known == expected.end()) {
      if (shrinking) continue;
      expected[id] = any_status();
      fleet.Add(id, expected[id]);
    } else if (random() % 4 != 0 || shrinking) {
      expected.erase(known);
      fleet.Remove(id);
    } else {
      known->second = any_status();
      fleet.Change(id, known->second);
    }
  }
  for (const std::string after : {"", "w", "w2", "w3999", "x"}) {
    for (const StatusMask mask : {kAnyStatus, MaskOf(WorkerStatus::kOffline)}) {
      std::vector<std::string> ids;
      for (auto at = expected.upper_bound(after); at != expected.end(); ++at) {
        if ((mask & MaskOf(at->second)) != 0) ids.push_back(at->first);
      }
      CHECK(fleet.Ids(after, mask) == ids);
    }
  }
}

TEST_CASE("a list of a few Offline workers does not look at the whole fleet") {
  Fleet fleet;
  for (int i = 0; i < 50'000; ++i) fleet.Add(absl::StrCat("worker-", 100'000 + i), WorkerStatus::kActive);
  fleet.Change("worker-100777", WorkerStatus::kOffline);
  fleet.Change("worker-149999", WorkerStatus::kOffline);
  const StatusMask offline = MaskOf(WorkerStatus::kOffline);
  CHECK(fleet.Ids("", offline) == std::vector<std::string>{"worker-100777", "worker-149999"});
  CHECK(fleet.Visited(offline) <= 1000);
}

}  // namespace
}  // namespace muster

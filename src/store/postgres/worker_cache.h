// Workers as they were last seen in the database, so that a batch of heartbeats need not ask for them first;
// and ids that were seen not to be there, so that a client that sends heartbeats for one costs the others
// nothing.
//
// What is here may be out of date: a decision by it is checked by the database when it is committed. Bounded:
// what was looked up last stays. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "muster/worker.h"
#include "store/postgres/by_id.h"

namespace muster::postgres {

class WorkerCache {
 public:
  /// Twice as many are kept at most.
  explicit WorkerCache(std::size_t generation) : generation_(generation) {}

  /// Null if it is not here.
  std::shared_ptr<const Worker> Find(std::string_view id) {
    if (const auto found = young_.find(id); found != young_.end()) return found->second;
    const auto found = old_.find(id);
    if (found == old_.end()) return nullptr;
    std::shared_ptr<const Worker> worker = std::move(found->second);
    old_.erase(found);
    Put(worker);
    return worker;
  }

  void Put(std::shared_ptr<const Worker> worker) {
    absent_.erase(worker->id);
    if (young_.size() >= generation_) {
      old_ = std::move(young_);
      young_.clear();
    }
    std::string id = worker->id;
    old_.erase(id);
    young_.insert_or_assign(std::move(id), std::move(worker));
  }

  /// Seen not to be there. Unknown ids are as many as clients like, so few are kept, and they displace no
  /// worker.
  void PutAbsent(std::string_view id) {
    Forget(id);
    if (absent_.size() >= kMaxAbsent) absent_.clear();
    absent_.emplace(id);
  }
  bool IsAbsent(std::string_view id) const { return absent_.contains(id); }

  void Forget(std::string_view id) {
    young_.erase(id);
    old_.erase(id);
    absent_.erase(id);
  }

  void Clear() {
    young_.clear();
    old_.clear();
    absent_.clear();
  }

 private:
  using Workers = ById<std::shared_ptr<const Worker>>;
  static constexpr std::size_t kMaxAbsent = 10'000;

  const std::size_t generation_;
  Workers young_;
  Workers old_;
  IdSet absent_;
};

}  // namespace muster::postgres

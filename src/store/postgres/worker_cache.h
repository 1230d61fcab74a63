// Workers as they were last seen in the database, so that a batch of heartbeats need not ask for them first.
//
// What is here may be out of date: whoever decides by it has the database check the revisions when it
// commits. Bounded: the workers that were looked up last stay. Not thread-safe.
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
    if (young_.size() >= generation_) {
      old_ = std::move(young_);
      young_.clear();
    }
    std::string id = worker->id;
    old_.erase(id);
    young_.insert_or_assign(std::move(id), std::move(worker));
  }

  void Forget(std::string_view id) {
    young_.erase(id);
    old_.erase(id);
  }

  void Clear() {
    young_.clear();
    old_.clear();
  }

 private:
  using Workers = ById<std::shared_ptr<const Worker>>;
  const std::size_t generation_;
  Workers young_;
  Workers old_;
};

}  // namespace muster::postgres

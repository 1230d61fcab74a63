// What the writer remembers of workers between its transactions: how they were last seen, which ids were seen
// not to be there, and which rows another program held.
//
// All of it may be out of date: what is decided by it is checked by the database. All of it is bounded. Used
// by the writer's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster::postgres {

// Hash maps from worker ids that are asked with a view: the distribution's older Abseil does that only for
// its own views. The ids come from clients, so the hash is one that differs from process to process.

struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const {
    return absl::Hash<absl::string_view>()(absl::string_view(id.data(), id.size()));
  }
};

template <typename T>
using ById = absl::flat_hash_map<std::string, T, IdHash, std::equal_to<>>;
using IdSet = absl::flat_hash_set<std::string, IdHash, std::equal_to<>>;

/// Workers as they were last seen in the database, so that a batch of heartbeats need not ask for them first;
/// and ids that were seen not to be there, so that a client that sends heartbeats for one costs the others
/// nothing. What was looked up last stays.
class WorkerCache {
 public:
  /// At most twice as many are kept.
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

  /// Seen not to be there. Clients can make up any number of ids, so few are kept, and they displace no
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

/// Workers whose rows another program was seen to hold. A batch does not wait for such a row, and does not
/// fail for it: it goes on without the row, and the next batches first look whether the row is free.
class HeldRows {
 public:
  /// `clock` must outlive it.
  explicit HeldRows(const Clock& clock) : clock_(clock) {}

  bool empty() const { return rows_.empty(); }
  bool Contains(std::string_view id) const { return rows_.contains(id); }
  /// How long, at least, it has been held; zero: it is not.
  absl::Duration For(std::string_view id) const {
    const auto found = rows_.find(id);
    if (found == rows_.end()) return absl::ZeroDuration();
    return std::max(absl::Nanoseconds(1), clock_.MonotonicNow() - found->second.since);
  }

  /// It is held now.
  void Saw(std::string_view id) {
    const absl::Duration now = clock_.MonotonicNow();
    if (const auto found = rows_.find(id); found != rows_.end()) {
      found->second.seen = now;
    } else if (rows_.size() < kMax) {
      rows_.emplace(id, Held{now, now});
    }
  }
  void Freed(std::string_view id) { rows_.erase(id); }
  /// Forgets rows that no batch met for so long that nothing is known of them any more.
  void ForgetOld() {
    const absl::Duration before = clock_.MonotonicNow() - kRemembered;
    absl::erase_if(rows_, [before](const auto& row) { return row.second.seen < before; });
  }

 private:
  static constexpr std::size_t kMax = 10'000;
  static constexpr absl::Duration kRemembered = absl::Seconds(5);

  struct Held {
    absl::Duration since;
    absl::Duration seen;  // last; on the monotonic clock
  };

  const Clock& clock_;
  ById<Held> rows_;
};

}  // namespace muster::postgres

// What is committed, in memory: the workers with their pulses, and the indexes that answer every question
// about them. The history of heartbeats and the events are not here; each store keeps them in its own way.
//
// A worker has a slot for as long as it is registered, and a key for ever: a key is never given again. Not
// thread-safe; committed_reader.h shows how readers and the writer share the model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "domain/liveness.h"
#include "muster/clock.h"
#include "muster/queries.h"
#include "muster/worker.h"
#include "store/model/id_index.h"
#include "store/model/order_index.h"
#include "store/model/slab.h"
#include "store/model/timelines.h"
#include "store/store.h"

namespace muster {

class Model {
 public:
  Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Workers. Slots in arguments are those of registered workers.

  std::optional<std::uint32_t> Find(std::string_view id) const { return ids_.Find(id); }
  const IdIndex& ids() const { return ids_; }
  WorkerView View(std::uint32_t slot) const;
  const WorkerPtr& WorkerAt(std::uint32_t slot) const { return workers_[slot]; }
  std::int64_t KeyOf(std::uint32_t slot) const { return pulses_[slot].key; }
  std::int64_t HeartbeatsOf(std::uint32_t slot) const { return pulses_[slot].total; }
  Pulse PulseOf(std::uint32_t slot) const;
  /// Slots ever used: every slot is below it.
  std::uint32_t SlotCount() const { return slot_count_; }
  std::int64_t WorkerCount() const { return worker_count_; }

  /// Looks at the next `most` workers with id > `after` and appends those that match, until `out` has
  /// `limit`. Returns the id after which to go on, or nothing when the list is complete. The work is bounded:
  /// a reader does it without a break.
  std::optional<std::string> List(const WorkerFilter& filter, std::string_view after, int limit, int most,
                                  std::vector<WorkerView>& out) const;

  /// By region; regions without workers are not there.
  absl::btree_map<std::string, RegionTotals> Totals() const;

  // The questions of the sweeps, as in store.h: whether a slot is (still) due, and all slots that are due.
  // visit(slot) is called until it returns false. The order is arbitrary; the cost goes by what is visited.

  bool IsPendingHeard(std::uint32_t slot) const {
    return HasStatus(slot, WorkerStatus::kPending) && timelines_.IsOn(slot);
  }
  /// `except`: by number of region (see NumbersOf).
  bool IsSilent(std::uint32_t slot, std::span<const ReferenceRange> stale,
                const std::vector<bool>& except) const {
    // First the checks that need only the cell: the worker itself is elsewhere in memory.
    const PulseCell& cell = pulses_[slot];
    return HasStatus(slot, WorkerStatus::kActive) && !except[cell.region] &&
           (cell.total == 0 || Contains(stale, cell.heard_at)) && IsStaleSlot(slot, stale);
  }
  /// The regions as flags, by their current numbers.
  std::vector<bool> NumbersOf(const absl::flat_hash_set<std::string>& regions) const;
  bool IsOfflineFresh(std::uint32_t slot, std::span<const ReferenceRange> stale) const {
    return HasStatus(slot, WorkerStatus::kOffline) && IsFreshlyHeard(HeardAtOf(slot), stale);
  }

  template <typename Visit>
  void VisitPendingHeard(Visit visit) const {
    timelines_.VisitIn(
        pending_heard_, {ListeningTime(), ListeningTime()}, [](std::uint32_t) { return true; }, visit);
  }
  template <typename Visit>
  void VisitSilent(std::span<const ReferenceRange> stale, const absl::flat_hash_set<std::string>& except,
                   Visit visit) const {
    for (const auto& [name, number] : region_numbers_) {
      if (!except.contains(name) && !VisitSilentOf(*regions_[number], stale, visit)) return;
    }
  }
  template <typename Visit>
  void VisitOfflineFresh(std::span<const ReferenceRange> stale, Visit visit) const {
    for (const ReferenceRange& range : OutsideOf(stale)) {
      const auto is_due = [&](std::uint32_t slot) { return Contains(range, pulses_[slot].heard_at); };
      if (!timelines_.VisitIn(offline_heard_, range, is_due, visit)) return;
    }
  }
  std::vector<RegionSilence> SilentByRegion(std::span<const ReferenceRange> stale) const;

  // Changes.

  /// Makes room for `slots`, so that the next changes allocate little.
  void GrowTo(std::uint32_t slots);
  /// Returns the worker's slot. Precondition: no worker has its id; the key is NextKey() or greater.
  std::uint32_t Insert(WorkerPtr worker, std::int64_t key, const Pulse& pulse);
  /// As Insert, but faster for many. FinishLoading must be called before anything else is asked.
  std::uint32_t Load(WorkerPtr worker, std::int64_t key, const Pulse& pulse);
  void FinishLoading();
  /// Returns the worker as it was before. Precondition: the same id.
  WorkerPtr Update(std::uint32_t slot, WorkerPtr worker);
  WorkerPtr Remove(std::uint32_t slot);
  void Beat(std::uint32_t slot, const Moment& now, const std::optional<std::int32_t>& in_use);

  // Asks the processor for what is going to be read: of a slot, then of its worker. And for what Beat will
  // touch.

  void PrefetchSlot(std::uint32_t slot) const {
    Prefetch(&workers_[slot]);
    Prefetch(&pulses_[slot]);
  }
  void PrefetchWorker(std::uint32_t slot) const {
    const Worker* const worker = workers_[slot].get();
    Prefetch(&worker->id);
    Prefetch(&worker->instance_id);
    Prefetch(&worker->status);
  }
  void PrefetchBeat(std::uint32_t slot) const {
    Prefetch(&pulses_[slot]);
    timelines_.PrefetchLink(slot);
  }

  // What the roll remembers beside its workers.

  std::int64_t NextKey() const { return next_key_; }
  void SetNextKey(std::int64_t key) { next_key_ = key; }
  std::int64_t last_cursor = 0;
  absl::btree_map<std::string, ListeningTime> holds;
  RollTimeouts timeouts;

 private:
  /// Two cells take a cache line and a half. A heartbeat writes to a cell and to one link.
  struct PulseCell {
    std::int64_t key = 0;
    std::int64_t total = 0;
    std::int64_t last_at = 0;  // microseconds since the epoch
    ListeningTime heard_at;
    std::int32_t in_use = 0;
    bool has_in_use = false;
    WorkerStatus status = WorkerStatus::kPending;
    std::uint32_t region = 0;
  };
  struct Region {
    Region(std::string name, std::uint32_t active_line, const Slab<WorkerPtr>& all,
           Slab<std::uint32_t>& leaf_of)
        : active(active_line), order(all, leaf_of) {
      totals.region = std::move(name);
    }
    std::uint32_t active;  // the timeline of its Active workers, by reference
    OrderIndex order;
    RegionTotals totals;
    std::int64_t workers = 0;
  };

  static std::optional<std::int32_t> InUseOf(const PulseCell& cell) {
    return cell.has_in_use ? std::optional(cell.in_use) : std::nullopt;
  }
  bool HasStatus(std::uint32_t slot, WorkerStatus status) const {
    return workers_[slot] != nullptr && pulses_[slot].status == status;
  }
  std::optional<ListeningTime> HeardAtOf(std::uint32_t slot) const {
    const PulseCell& cell = pulses_[slot];
    return cell.total == 0 ? std::nullopt : std::optional(cell.heard_at);
  }
  ListeningTime ReferenceOf(std::uint32_t slot) const {
    return SilenceReference(workers_[slot]->activated_by_hand_at, HeardAtOf(slot));
  }
  /// Its silent workers. A slot is looked at again outside of the first range: only there, where the range
  /// has no beginning, an earlier heartbeat cannot lie outside.
  template <typename Visit>
  bool VisitSilentOf(const Region& region, std::span<const ReferenceRange> stale, Visit visit) const {
    for (const ReferenceRange& range : stale) {
      const auto is_due = [&](std::uint32_t slot) { return Contains(range, ReferenceOf(slot)); };
      const bool check = &range != &stale.front();
      const bool more = timelines_.VisitIn(region.active, range, is_due, [&](std::uint32_t slot) {
        return (check && !IsStaleSlot(slot, stale)) || visit(slot);
      });
      if (!more) return false;
    }
    return true;
  }
  bool IsStaleSlot(std::uint32_t slot, std::span<const ReferenceRange> stale) const {
    return IsStale(workers_[slot]->activated_by_hand_at, HeardAtOf(slot), stale);
  }
  std::uint32_t Place(WorkerPtr worker, std::int64_t key, const Pulse& pulse);
  std::uint32_t RegionFor(const std::string& name);
  void LeaveRegion(std::uint32_t slot);
  void PutOnTimeline(std::uint32_t slot);

  std::uint32_t slot_count_ = 0;
  std::vector<std::uint32_t> unused_slots_;
  std::int64_t worker_count_ = 0;
  std::int64_t next_key_ = 1;
  Slab<WorkerPtr> workers_;
  Slab<PulseCell> pulses_;
  Slab<std::uint32_t> fleet_leaf_;
  Slab<std::uint32_t> region_leaf_;

  IdIndex ids_;
  OrderIndex order_;
  Timelines timelines_;
  std::uint32_t pending_heard_;  // the timeline of Pending workers heard since they registered
  std::uint32_t offline_heard_;  // the timeline of Offline workers that were ever heard
  std::vector<std::unique_ptr<Region>> regions_;
  std::vector<std::uint32_t> unused_regions_;
  absl::btree_map<std::string, std::uint32_t> region_numbers_;
};

}  // namespace muster

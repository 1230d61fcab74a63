// What a transaction has staged: plain data, until a store writes it and the model applies it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "muster/event.h"
#include "store/model/model.h"

namespace muster {

/// One worker that is inserted (no `before`), updated, or removed (no `after`). With neither, it was inserted
/// and removed within the transaction.
struct StagedChange {
  std::uint32_t slot = kNoSlot;  // of `before`; for an inserted worker it is known once the batch is applied
  std::int64_t key = 0;
  WorkerPtr before;
  WorkerPtr after;
};

/// One heartbeat of a worker that has a slot, or of the worker that changes[slot - kStagedSlot] inserts.
struct StagedBeat {
  std::uint32_t slot = kNoSlot;
  std::int32_t in_use = 0;
  bool has_in_use = false;

  std::optional<std::int32_t> InUse() const { return has_in_use ? std::optional(in_use) : std::nullopt; }
};
inline constexpr std::uint32_t kStagedSlot = 0x80000000;

/// Heartbeats up to `end` were heard at this moment. A batch has one moment, unless the moment changed within
/// it.
struct StagedMoment {
  Moment at;
  std::size_t end = 0;
};

struct StagedBatch {
  std::vector<StagedChange> changes;  // in the order of the calls
  std::vector<StagedBeat> beats;
  std::vector<StagedMoment> moments;                                 // of the heartbeats, in the same order
  std::vector<Event> events;                                         // with their cursors
  absl::btree_map<std::string, std::optional<ListeningTime>> holds;  // nothing: released
  absl::flat_hash_set<std::uint32_t> removed;                        // slots
  std::optional<RollTimeouts> timeouts;

  bool Empty() const {
    return changes.empty() && beats.empty() && events.empty() && holds.empty() && !timeouts;
  }
  void Clear();
  /// Drops the heartbeats of workers that the transaction removes.
  void DropOrphans();
  /// Calls visit(moment, span of its heartbeats) for each moment.
  template <typename Visit>
  void VisitBeats(Visit visit) {
    std::size_t begin = 0;
    for (const StagedMoment& moment : moments) {
      visit(moment.at, std::span(beats).subspan(begin, moment.end - begin));
      begin = moment.end;
    }
  }
  /// The key of the worker of a heartbeat. Precondition: DropOrphans was called.
  std::int64_t KeyOf(const StagedBeat& beat, const Model& model) const {
    return (beat.slot & kStagedSlot) != 0 ? changes[beat.slot - kStagedSlot].key : model.KeyOf(beat.slot);
  }
};

/// Makes the batch visible in the model. Afterwards the slots of inserted workers and of heartbeats are
/// known. The batch then holds the workers as they were before, so that they can be freed without the lock.
/// Precondition: DropOrphans was called.
void Apply(StagedBatch& batch, Model& model);

}  // namespace muster

// When each worker was heard: slots grouped by time, so that the sweeps find the silent workers without a
// look at the others.
//
// A timeline groups its slots into buckets of an eighth of a second on the listening clock. A slot is on at
// most one timeline. To move a slot costs the same at any size of the fleet, and a heartbeat within the same
// bucket costs nothing. Inside a bucket the order is arbitrary: for an exact cutoff the members of the one
// bucket that holds the cutoff are checked one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "muster/clock.h"
#include "store/model/slab.h"

namespace muster {

/// Not thread-safe.
class Timelines {
 public:
  std::uint32_t NewTimeline();
  /// Precondition: nothing is on it.
  void DropTimeline(std::uint32_t timeline);

  void GrowTo(std::size_t slots) { links_.GrowTo(slots); }
  /// Precondition: the slot is on no timeline.
  void Put(std::uint32_t slot, std::uint32_t timeline, ListeningTime time);
  /// Does nothing for a slot that is on no timeline.
  void Take(std::uint32_t slot);
  /// Moves a slot along its timeline. Precondition: it is on one.
  void Move(std::uint32_t slot, ListeningTime time);
  bool IsOn(std::uint32_t slot) const { return links_[slot].bucket != 0; }

  /// Slots at or before `cutoff`, oldest buckets first, until `visit(slot)` returns false. In the bucket that
  /// holds the cutoff, `is_due(slot)` decides for each member. Returns false if `visit` did.
  template <typename IsDue, typename Visit>
  bool VisitUntil(std::uint32_t timeline, ListeningTime cutoff, IsDue is_due, Visit visit) const {
    const std::int64_t last = QuantumOf(cutoff);
    for (const auto& [quantum, number] : timelines_[timeline].buckets) {
      if (quantum > last) break;
      for (std::uint32_t slot = buckets_[number].head; slot != kNoSlot; slot = links_[slot].next) {
        if ((quantum < last || is_due(slot)) && !visit(slot)) return false;
      }
    }
    return true;
  }

  /// Slots after `cutoff`, newest buckets first; otherwise as VisitUntil.
  template <typename IsDue, typename Visit>
  bool VisitAfter(std::uint32_t timeline, ListeningTime cutoff, IsDue is_due, Visit visit) const {
    const std::int64_t last = QuantumOf(cutoff);
    const auto& buckets = timelines_[timeline].buckets;
    for (auto at = buckets.rbegin(); at != buckets.rend() && at->first >= last; ++at) {
      for (std::uint32_t slot = buckets_[at->second].head; slot != kNoSlot; slot = links_[slot].next) {
        if ((at->first > last || is_due(slot)) && !visit(slot)) return false;
      }
    }
    return true;
  }

  /// How many VisitUntil would visit.
  template <typename IsDue>
  std::int64_t CountUntil(std::uint32_t timeline, ListeningTime cutoff, IsDue is_due) const {
    const std::int64_t last = QuantumOf(cutoff);
    std::int64_t count = 0;
    for (const auto& [quantum, number] : timelines_[timeline].buckets) {
      if (quantum > last) break;
      if (quantum < last) {
        count += buckets_[number].size;
        continue;
      }
      for (std::uint32_t slot = buckets_[number].head; slot != kNoSlot; slot = links_[slot].next) {
        if (is_due(slot)) ++count;
      }
    }
    return count;
  }

  void PrefetchLink(std::uint32_t slot) const { Prefetch(&links_[slot]); }

 private:
  struct Link {
    std::uint32_t previous = kNoSlot;
    std::uint32_t next = kNoSlot;
    std::uint32_t bucket = 0;  // 0: on no timeline
  };
  struct Bucket {
    std::int64_t quantum = 0;
    std::uint32_t timeline = 0;
    std::uint32_t head = kNoSlot;
    std::uint32_t tail = kNoSlot;
    std::uint32_t size = 0;
  };
  struct Timeline {
    absl::btree_map<std::int64_t, std::uint32_t> buckets;  // quantum to bucket number
    std::uint32_t newest = 0;  // the bucket that was put into last: most heartbeats go there
  };

  static std::int64_t QuantumOf(ListeningTime time) { return time.micros() >> 17; }
  std::uint32_t BucketFor(std::uint32_t timeline, std::int64_t quantum);
  void Append(std::uint32_t slot, std::uint32_t bucket);

  Slab<Link> links_;
  std::vector<Bucket> buckets_ = std::vector<Bucket>(1);  // number 0 is none
  std::vector<std::uint32_t> unused_buckets_;
  std::vector<Timeline> timelines_;
  std::vector<std::uint32_t> unused_timelines_;
};

}  // namespace muster

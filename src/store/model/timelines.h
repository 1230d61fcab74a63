// When each worker was heard: slots grouped by time, so that the sweeps find the silent workers without a
// look at the others.
//
// A timeline groups its slots into buckets of an eighth of a second on the listening clock. A slot is on at
// most one timeline. To move a slot costs the same at any size of the fleet, and a heartbeat within the same
// bucket costs nothing. Inside a bucket the order is arbitrary: the members of a bucket that holds an
// end of a range are checked one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "domain/told_timeouts.h"
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

  /// Slots in `range`, oldest buckets first, until `visit(slot)` returns false. In the buckets that hold its
  /// ends, `is_due(slot)` decides for each member. Returns false if `visit` did.
  template <typename IsDue, typename Visit>
  bool VisitIn(std::uint32_t timeline, const ReferenceRange& range, IsDue is_due, Visit visit) const {
    return VisitBuckets(timeline, range, [&](std::uint32_t bucket, bool whole) {
      for (std::uint32_t slot = buckets_[bucket].head; slot != kNoSlot; slot = links_[slot].next) {
        if ((whole || is_due(slot)) && !visit(slot)) return false;
      }
      return true;
    });
  }

  /// How many VisitIn would visit.
  template <typename IsDue>
  std::int64_t CountIn(std::uint32_t timeline, const ReferenceRange& range, IsDue is_due) const {
    std::int64_t count = 0;
    VisitBuckets(timeline, range, [&](std::uint32_t bucket, bool whole) {
      if (whole) {
        count += buckets_[bucket].size;
        return true;
      }
      for (std::uint32_t slot = buckets_[bucket].head; slot != kNoSlot; slot = links_[slot].next) {
        if (is_due(slot)) ++count;
      }
      return true;
    });
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
  /// visit(bucket, whether all of it lies in the range), until it returns false; returns false if it did.
  template <typename Visit>
  bool VisitBuckets(std::uint32_t timeline, const ReferenceRange& range, Visit visit) const {
    const std::int64_t first = QuantumOf(range.after);
    const std::int64_t last = QuantumOf(range.to);
    const auto& buckets = timelines_[timeline].buckets;
    for (auto at = buckets.lower_bound(first); at != buckets.end() && at->first <= last; ++at) {
      if (!visit(at->second, first < at->first && at->first < last)) return false;
    }
    return true;
  }
  std::uint32_t BucketFor(std::uint32_t timeline, std::int64_t quantum);
  void Append(std::uint32_t slot, std::uint32_t bucket);

  Slab<Link> links_;
  std::vector<Bucket> buckets_ = std::vector<Bucket>(1);  // number 0 is none
  std::vector<std::uint32_t> unused_buckets_;
  std::vector<Timeline> timelines_;
  std::vector<std::uint32_t> unused_timelines_;
};

}  // namespace muster

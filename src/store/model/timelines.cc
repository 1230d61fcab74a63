#include "store/model/timelines.h"

namespace muster {

std::uint32_t Timelines::NewTimeline() {
  if (unused_timelines_.empty()) {
    timelines_.emplace_back();
    return static_cast<std::uint32_t>(timelines_.size() - 1);
  }
  const std::uint32_t timeline = unused_timelines_.back();
  unused_timelines_.pop_back();
  return timeline;
}

void Timelines::DropTimeline(std::uint32_t timeline) {
  timelines_[timeline] = Timeline();
  unused_timelines_.push_back(timeline);
}

std::uint32_t Timelines::BucketFor(std::uint32_t timeline, std::int64_t quantum) {
  Timeline& line = timelines_[timeline];
  if (line.newest != 0 && buckets_[line.newest].quantum == quantum) return line.newest;
  const auto [at, is_new] = line.buckets.try_emplace(quantum, 0);
  if (is_new) {
    std::uint32_t number = 0;
    if (unused_buckets_.empty()) {
      number = static_cast<std::uint32_t>(buckets_.size());
      buckets_.emplace_back();
    } else {
      number = unused_buckets_.back();
      unused_buckets_.pop_back();
    }
    buckets_[number] = Bucket{quantum, timeline, kNoSlot, kNoSlot, 0};
    at->second = number;
  }
  line.newest = at->second;
  return at->second;
}

void Timelines::Append(std::uint32_t slot, std::uint32_t bucket) {
  Bucket& target = buckets_[bucket];
  links_[slot] = Link{target.tail, kNoSlot, bucket};
  (target.tail == kNoSlot ? target.head : links_[target.tail].next) = slot;
  target.tail = slot;
  ++target.size;
}

void Timelines::Put(std::uint32_t slot, std::uint32_t timeline, ListeningTime time) {
  Append(slot, BucketFor(timeline, QuantumOf(time)));
}

void Timelines::Take(std::uint32_t slot) {
  Link& link = links_[slot];
  if (link.bucket == 0) return;
  Bucket& bucket = buckets_[link.bucket];
  (link.previous == kNoSlot ? bucket.head : links_[link.previous].next) = link.next;
  (link.next == kNoSlot ? bucket.tail : links_[link.next].previous) = link.previous;
  if (--bucket.size == 0) {
    Timeline& line = timelines_[bucket.timeline];
    line.buckets.erase(bucket.quantum);
    if (line.newest == link.bucket) line.newest = 0;
    unused_buckets_.push_back(link.bucket);
  }
  link = Link();
}

void Timelines::Move(std::uint32_t slot, ListeningTime time) {
  const Bucket& bucket = buckets_[links_[slot].bucket];
  if (bucket.quantum == QuantumOf(time)) return;
  const std::uint32_t timeline = bucket.timeline;
  Take(slot);
  Put(slot, timeline, time);
}

}  // namespace muster

#include "store/memory/memory_archive.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace muster {
namespace {

// How many events a reader looks at before it lets the writer in.
constexpr int kEventsWithoutABreak = 4096;

}  // namespace

void HeartbeatRing::Push(std::int64_t at, std::uint32_t most) {
  if (size_ == room_ && room_ < most) {
    const std::uint32_t room = std::min(most, std::max(4U, room_ * 2));
    auto times = std::make_unique<std::int64_t[]>(room);
    for (std::uint32_t i = 0; i < size_; ++i) times[i] = FromNewest(size_ - 1 - i);
    times_ = std::move(times);
    room_ = room;
    next_ = size_;
  }
  times_[next_] = at;
  next_ = (next_ + 1) % room_;
  size_ = std::min(size_ + 1, room_);
}

Result<std::vector<HeartbeatRecord>> MemoryArchive::Heartbeats(std::string_view id, std::int64_t before,
                                                               int limit) const {
  const ReaderMutexLock lock(registry_.mu);
  const std::optional<std::uint32_t> slot = registry_.model.Find(id);
  if (!slot) return WorkerNotFound{std::string(id)};
  std::vector<HeartbeatRecord> records;
  const HeartbeatRing& ring = registry_.rings[*slot];
  std::int64_t ordinal = registry_.model.HeartbeatsOf(*slot);
  for (std::uint32_t back = 0; back < ring.size() && std::cmp_less(records.size(), limit);
       ++back, --ordinal) {
    if (ordinal < before) records.push_back({ordinal, absl::FromUnixMicros(ring.FromNewest(back))});
  }
  return records;
}

Result<std::vector<Event>> MemoryArchive::Events(std::string_view worker_id, std::int64_t bound,
                                                 bool newest_first, int limit) const {
  std::vector<Event> found;
  bool more = limit > 0;
  while (more) {
    const MutexLock lock(events_mu_);
    if (events_.empty()) break;
    const std::int64_t first = events_.front().cursor;
    const std::int64_t last = events_.back().cursor;
    // Cursors have no gaps, so the index of the next event follows from its cursor.
    std::int64_t cursor =
        newest_first ? std::clamp(bound, first, last + 1) - 1 : std::clamp(bound, first - 1, last) + 1;
    for (int looked = 0;; ++looked) {
      more = cursor >= first && cursor <= last && std::cmp_less(found.size(), limit);
      if (!more || looked == kEventsWithoutABreak) break;
      const Event& event = events_[static_cast<std::size_t>(cursor - first)];
      if (worker_id.empty() || event.worker_id == worker_id) found.push_back(event);
      bound = cursor;
      cursor += newest_first ? -1 : 1;
    }
  }
  return found;
}

void MemoryArchive::Add(std::vector<Event>& events) {
  const MutexLock lock(events_mu_);
  for (Event& event : events) events_.push_back(std::move(event));
  while (std::cmp_greater(events_.size(), max_events_)) events_.pop_front();
}

}  // namespace muster

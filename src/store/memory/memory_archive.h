// The history of heartbeats and the events, in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "muster/check.h"
#include "runtime/mutex.h"
#include "store/model/committed_reader.h"
#include "store/model/slab.h"

namespace muster {

/// The times of a worker's last heartbeats, in microseconds since the epoch. Grows with use up to a limit;
/// then a new heartbeat replaces the oldest. Not thread-safe.
class HeartbeatRing {
 public:
  /// `most` must be the same in every call, more than 0.
  void Push(std::int64_t at, std::uint32_t most);
  void Clear() { *this = HeartbeatRing(); }
  std::uint32_t size() const { return size_; }
  /// Precondition: back < size(). 0 is the newest.
  std::int64_t FromNewest(std::uint32_t back) const {
    MUSTER_CHECK(back < size_, "a heartbeat that is kept is asked for");
    return times_[(next_ + room_ - 1 - back) % room_];
  }

 private:
  std::unique_ptr<std::int64_t[]> times_;
  std::uint32_t room_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t next_ = 0;
};

/// What the writer and the readers of the memory store share.
struct MemoryRegistry : SharedModel {
  Slab<HeartbeatRing> rings ABSL_GUARDED_BY(mu);
};

/// Reads are thread-safe; Add is for the writer. The registry must outlive it.
class MemoryArchive final : public Archive {
 public:
  MemoryArchive(const MemoryRegistry& registry, std::int64_t max_events)
      : registry_(registry), max_events_(max_events) {}

  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;

  /// Takes the events of a batch. Drops the oldest events above the limit.
  void Add(std::vector<Event>& events);

 private:
  const MemoryRegistry& registry_;
  const std::int64_t max_events_;
  mutable Mutex events_mu_;
  std::deque<Event> events_ ABSL_GUARDED_BY(events_mu_);  // cursors ascend by one
};

}  // namespace muster

// The history of heartbeats and the events, in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "runtime/mutex.h"
#include "store/memory/heartbeat_ring.h"
#include "store/model/archive.h"
#include "store/model/shared_model.h"

namespace muster {

/// What the writer and the readers of the memory store share.
struct MemoryRegistry : SharedModel {
  Slab<HeartbeatRing> rings ABSL_GUARDED_BY(mu);
};

/// Reads are thread-safe; Add is the writer's. The roll must outlive it.
class MemoryArchive final : public Archive {
 public:
  MemoryArchive(const MemoryRegistry& registry, std::int64_t max_events) : registry_(registry), max_events_(max_events) {}

  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;

  /// Takes the batch's events; drops the oldest beyond the limit.
  void Add(std::vector<Event>& events);

 private:
  const MemoryRegistry& registry_;
  const std::int64_t max_events_;
  mutable Mutex events_mu_;
  std::deque<Event> events_ ABSL_GUARDED_BY(events_mu_);  // cursors ascend by one
};

}  // namespace muster

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
#include "store/model/staged_batch.h"

namespace muster {

/// Reads are thread-safe; changes are the writer's. The model must outlive it.
class MemoryArchive final : public Archive {
 public:
  MemoryArchive(SharedModel& shared, int history, std::int64_t max_events)
      : shared_(shared), history_(static_cast<std::uint32_t>(history)), max_events_(max_events) {}

  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;

  /// Before the batch is applied to the model: workers that go leave no history to who gets their slot.
  void Forget(const StagedBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_.mu);
  /// After it was applied.
  void Remember(StagedBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared_.mu);
  /// Takes the batch's events; drops the oldest beyond the limit.
  void Add(std::vector<Event>& events);

 private:
  SharedModel& shared_;
  const std::uint32_t history_;
  const std::int64_t max_events_;
  Slab<HeartbeatRing> rings_ ABSL_GUARDED_BY(shared_.mu);
  mutable Mutex events_mu_;
  std::deque<Event> events_ ABSL_GUARDED_BY(events_mu_);  // cursors ascend by one
};

}  // namespace muster

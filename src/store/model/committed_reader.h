// What any thread reads of what is committed: the model, which it shares with the writer, and the archive
// beside it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "muster/event.h"
#include "muster/queries.h"
#include "muster/result.h"
#include "runtime/mutex.h"
#include "store/model/model.h"
#include "store/store.h"

namespace muster {

/// The model as the writer and the readers share it.
///
/// Only the writer's thread changes the model. For that it holds the lock exclusively, for the short time
/// that it takes to apply a committed batch, and never while it writes to the disk. Its own reads need no
/// lock. Readers hold the lock shared, for bounded work at a time.
struct SharedModel {
  /// The writer's thread only.
  const Model& ForWriter() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return model; }

  mutable Mutex mu;
  Model model ABSL_GUARDED_BY(mu);
};

/// What a store keeps outside the model: the history of heartbeats, and the events. Thread-safe. Shows what
/// is committed; the arguments are those of ScanReads.
class Archive {
 public:
  virtual ~Archive() = default;
  virtual Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                          int limit) const = 0;
  virtual Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                            int limit) const = 0;
};

/// Thread-safe. The shared model and the archive must outlive it.
class CommittedReader final : public ScanReads {
 public:
  CommittedReader(const SharedModel& shared, const Archive& archive, std::string token_key)
      : shared_(shared), archive_(archive), token_key_(std::move(token_key)) {}

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;
  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       ListLimit limit) const override;
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;
  Result<std::vector<RegionTotals>> Totals() const override;
  Result<std::vector<RegionHold>> Holds() const override;
  Result<std::int64_t> LastCursor() const override;
  std::string_view TokenKey() const override { return token_key_; }

 private:
  const SharedModel& shared_;
  const Archive& archive_;
  const std::string token_key_;
};

}  // namespace muster

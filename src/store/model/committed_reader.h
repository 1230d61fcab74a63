// The view of any thread on what is committed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/model/archive.h"
#include "store/model/shared_model.h"
#include "store/store.h"

namespace muster {

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

/// Totals with the guard's holds written in, in the order of regions.
std::vector<RegionTotals> WithHolds(absl::btree_map<std::string, RegionTotals> totals,
                                    const absl::btree_map<std::string, ListeningTime>& holds);

}  // namespace muster

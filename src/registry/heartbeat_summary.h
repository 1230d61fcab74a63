// What the heartbeats of a worker show, on the listening clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/told_timeouts.h"
#include "muster/queries.h"
#include "muster/registry.h"

namespace muster {

struct HeartbeatSummary {
  std::int64_t total = 0;                    // ever recorded, more than the history keeps
  std::optional<absl::Duration> silent_for;  // unset if it was never heard and never activated by hand
  bool fresh = false;                        // silent for less than its limit
  std::vector<absl::Time> recent;            // newest first, at most 10
};

/// About how many bytes a summary takes in an answer, at most.
inline constexpr std::int64_t kHeartbeatSummaryBytes = 450;

/// Sums up workers as of one moment. Not thread-safe; lives within one query.
class HeartbeatSummaries {
 public:
  HeartbeatSummaries(const ScanReads& reads, const Registry& registry)
      : reads_(reads), now_(registry.Status().clock), timeouts_(registry.Timeouts()) {}

  /// One summary for each worker, in the same order. StoreUnavailable. A worker that was just unregistered
  /// has no recent heartbeats.
  Result<std::vector<HeartbeatSummary>> Of(std::span<const WorkerView> workers) const;

 private:
  HeartbeatSummary WithoutRecent(const WorkerView& worker) const;

  const ScanReads& reads_;
  ListeningTime now_;
  RollTimeouts timeouts_;
};

struct WorkerWithHeartbeats {
  WorkerView worker;
  HeartbeatSummary heartbeats;
};

/// WorkerNotFound, InvalidArgument, StoreUnavailable.
Result<WorkerWithHeartbeats> GetWorkerWithHeartbeats(const ScanReads& reads, const Registry& registry,
                                                     std::string_view worker_id);

}  // namespace muster

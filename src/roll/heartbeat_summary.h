// What a worker's heartbeats say of it, on the listening clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "muster/queries.h"
#include "muster/roll.h"

namespace muster {

struct HeartbeatSummary {
  std::int64_t total = 0;                    // ever recorded, more than the history keeps
  std::optional<absl::Duration> silent_for;  // unset if it was never heard nor activated by hand
  bool fresh = false;                        // silent for less than the timeout
  std::vector<absl::Time> recent;            // newest first, at most 10
};

/// Sums up workers as of one moment. Not thread-safe; lives within one query.
class HeartbeatSummaries {
 public:
  HeartbeatSummaries(const ReadTx& tx, const Roll& roll)
      : tx_(tx), now_(roll.Status().clock), timeout_(roll.settings()->heartbeat_timeout) {}

  /// One for each, in the same order. StoreUnavailable. A worker that was just unregistered has no recent
  /// ones.
  Result<std::vector<HeartbeatSummary>> Of(std::span<const WorkerView> workers) const;
  Result<HeartbeatSummary> Of(const WorkerView& worker) const;

 private:
  HeartbeatSummary WithoutRecent(const WorkerView& worker) const;

  const ReadTx& tx_;
  ListeningTime now_;
  absl::Duration timeout_;
};

}  // namespace muster

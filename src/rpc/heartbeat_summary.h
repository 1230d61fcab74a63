// WORKER_VIEW_HEARTBEATS: what a worker's heartbeats say of it.
#pragma once

#include "muster/queries.h"
#include "muster/roll.h"
#include "muster/v1/worker.pb.h"

namespace muster::rpc {

/// Sums up workers as of one moment. Not thread-safe; lives within one query.
class HeartbeatSummaries {
 public:
  HeartbeatSummaries(const ReadTx& tx, const Roll& roll)
      : tx_(tx), now_(roll.Status().clock), timeout_(roll.settings()->heartbeat_timeout) {}

  /// Fills `out.heartbeats`. StoreUnavailable. A worker that was just unregistered has no recent ones.
  Outcome Add(const WorkerView& worker, v1::Worker& out) const;

 private:
  const ReadTx& tx_;
  ListeningTime now_;
  absl::Duration timeout_;
};

}  // namespace muster::rpc

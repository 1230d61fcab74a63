// The heartbeats of one call, as one command of the writer.
//
// It keeps the results until the interface answers. An interface that writes each result into its answer at
// once has a command of its own.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/commands.h"
#include "muster/registry.h"
#include "muster/result.h"

namespace muster {

struct HeartbeatResults {
  absl::Duration heartbeat_timeout;
  absl::Time recorded_at;
  std::vector<Result<HeartbeatReceipt>> receipts;  // one for each heartbeat, in the same order
};

/// Has the writer record the heartbeats. Calls `done` once, on any thread: with the results, or with the
/// error that stopped all of them. `heartbeats`, and what they point into, must live until then.
void SubmitHeartbeats(Registry& registry, std::span<const HeartbeatCommand> heartbeats,
                      absl::AnyInvocable<void(Result<HeartbeatResults>)> done);

/// The error as one about heartbeats[index].
WorkerError InBatch(WorkerError error, std::size_t index);

}  // namespace muster

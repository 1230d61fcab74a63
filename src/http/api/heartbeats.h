// The routes of heartbeats: the hot path of this interface.
#pragma once

#include <cstddef>

#include "http/api/call.h"
#include "muster/registry.h"

namespace muster::http {

inline constexpr std::size_t kMaxBatchedHeartbeats = 1000;

/// One heartbeat: the call is the command.
void Heartbeat(Call call, Registry& registry);
/// Many as one command, with a result for each.
void BatchHeartbeat(Call call, Registry& registry);

}  // namespace muster::http

// The routes of heartbeats: the hot path of this interface.
#pragma once

#include <cstddef>

#include "http/api/call.h"
#include "muster/roll.h"

namespace muster::http {

inline constexpr std::size_t kMaxBatchedHeartbeats = 1000;

/// One heartbeat: the call is the command.
void Heartbeat(Call call, Roll& roll);
/// Many as one command, with a result for each.
void BatchHeartbeat(Call call, Roll& roll);

}  // namespace muster::http

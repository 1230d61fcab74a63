// Heartbeats read in place: the hot path's decoding, without a copy or an allocation.
//
// What it finds is what protobuf's own decoding would find, except that it does not ask for UTF-8: the
// alphabet of ids is narrower, and the use case checks it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "muster/commands.h"

namespace muster::rpc {

/// A HeartbeatRequest; the views point into `bytes`. Nothing if it is malformed.
std::optional<HeartbeatCommand> ReadHeartbeat(std::string_view bytes);

/// The heartbeat of a StreamHeartbeatsRequest; all unset if there is none. Nothing if it is malformed.
std::optional<HeartbeatCommand> ReadStreamed(std::string_view bytes);

/// Calls `each` with the bytes of every heartbeat of a BatchHeartbeatRequest, in order. False if it is
/// malformed.
bool ReadBatch(std::string_view bytes, absl::FunctionRef<void(std::string_view)> each);

}  // namespace muster::rpc

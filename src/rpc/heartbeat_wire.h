// Heartbeats read in place: the hot path's decoding, without a copy; a message by itself without an
// allocation.
//
// What it finds is what protobuf's own decoding would find, except that it does not ask for UTF-8: the
// alphabet of ids is narrower, and the use case checks it. What protobuf's decoding refuses is refused. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "muster/commands.h"

namespace muster::rpc {

/// A HeartbeatRequest; the views point into `bytes`. Nothing if it is malformed.
std::optional<HeartbeatCommand> ReadHeartbeat(std::string_view bytes);

/// The heartbeat of a StreamHeartbeatsRequest; all unset if there is none. Nothing if it is malformed.
std::optional<HeartbeatCommand> ReadStreamed(std::string_view bytes);

/// Appends the heartbeats of a BatchHeartbeatRequest, in order: `max` of them, the rest is only counted.
/// Returns how many it has. Nothing if it is malformed.
std::optional<std::size_t> ReadBatch(std::string_view bytes, std::size_t max,
                                     std::vector<HeartbeatCommand>& heartbeats);

/// About how many heartbeats a BatchHeartbeatRequest of `bytes` bytes has, which begins with `beginning`: as
/// many as if all were as long as the first. At least 1. For a batch that is not worth to be read.
std::int64_t EstimateBatch(std::string_view beginning, std::size_t bytes);

}  // namespace muster::rpc

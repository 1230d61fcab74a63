// Reads heartbeats in place: the decoding of the hot path, without a copy; a single message without an
// allocation.
//
// It finds what protobuf's own decoding would find, except that it does not check for UTF-8: ids have a
// narrower alphabet, and the use case checks it. What protobuf's decoding refuses is refused. Pure.
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

/// The heartbeat of a StreamHeartbeatsRequest; no field is set if it has none. Nothing if it is malformed.
std::optional<HeartbeatCommand> ReadStreamed(std::string_view bytes);

/// Appends the heartbeats of a BatchHeartbeatRequest, in order, at most `max`; the rest is only counted.
/// Returns how many the request has. Nothing if it is malformed.
std::optional<std::size_t> ReadBatch(std::string_view bytes, std::size_t max,
                                     std::vector<HeartbeatCommand>& heartbeats);

/// About how many heartbeats a BatchHeartbeatRequest of `bytes` bytes has; `beginning` is its first bytes.
/// Assumes that all heartbeats are as long as the first. At least 1. For a batch that will be refused
/// unread.
std::int64_t EstimateBatch(std::string_view beginning, std::size_t bytes);

}  // namespace muster::rpc

// StreamHeartbeats: heartbeats over one long stream, an answer for each, in order.
//
// Heartbeats enter the roll in bursts: the stream is one command, which takes along all that has come since
// it was last in the roll. While a burst waits, is decided and is committed, the next one gathers, and the
// last one is answered. So a busy stream costs the roll one command for many heartbeats, an idle stream
// costs nothing, and no timer is needed.
//
// The stream is read until kStreamWindow heartbeats are unanswered; then reading stops, and HTTP/2 holds the
// client back. So whatever its client does, a stream holds at most kStreamWindow heartbeats (less than 1 KiB
// each), and gRPC holds at most two windows of HTTP/2 for it (64 KiB each: requests that are not read,
// answers that are not taken). The answers of a burst are written with gRPC's buffer hint, so that they
// leave in one piece.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <string_view>

#include "registry/gate.h"
#include "rpc/open_streams.h"

namespace muster::rpc {

/// So many heartbeats of one stream may be unanswered; the client can send more, but they are not read.
inline constexpr std::size_t kStreamWindow = 256;
/// So many streams may be open at once.
inline constexpr std::size_t kMaxOpenStreams = 10'000;
inline constexpr std::string_view kTooManyStreams = "10,000 streams are open, as many as there may be";

/// Begins to answer a StreamHeartbeats. The stream then owns itself, and ends when the client half-closes,
/// is gone, or sends bytes that are not a message, or with `streams`. `streams` must outlive it.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AnswerStreamHeartbeats(
    const Gate& gate, OpenStreams& streams, const grpc::CallbackServerContext& context);

}  // namespace muster::rpc

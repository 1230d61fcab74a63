// StreamHeartbeats: heartbeats over one long stream, an answer for each, in order.
//
// What enters the roll is not a message but a burst: the stream is one command, which
// takes along all that has come since it was last in the roll. While a burst waits, is decided and committed,
// the next one gathers, and the last one is being answered. So a busy stream costs the roll one command for
// many heartbeats, an idle one nothing, and no timer is needed.
//
// Reading goes on until kStreamWindow heartbeats are unanswered; then it stops, and HTTP/2 holds the client
// back. So a stream holds at most kStreamWindow heartbeats (less than 1 KiB each), and gRPC as much as
// two windows of HTTP/2 for it (64 KiB each: requests that are not read, answers that are not taken),
// whatever its client does. The answers of a burst are written with gRPC's buffer hint, so that they leave in
// one piece.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <string_view>

#include "registry/gate.h"
#include "rpc/open_streams.h"

namespace muster::rpc {

/// Heartbeats of one stream that may be unanswered; the client can send more, but they are not read.
inline constexpr std::size_t kStreamWindow = 256;
/// Streams that may be open at once.
inline constexpr std::size_t kMaxOpenStreams = 10'000;
inline constexpr std::string_view kTooManyStreams = "10,000 streams are open, as many as there may be";

/// Begins to answer a StreamHeartbeats; the stream sees to itself from here on, and ends when the client
/// half-closed, is gone, or sent what is no message, or with `streams`. Those must outlive it.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AnswerStreamHeartbeats(
    const Gate& gate, OpenStreams& streams, const grpc::CallbackServerContext& context);

}  // namespace muster::rpc

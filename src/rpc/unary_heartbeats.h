// Heartbeat and BatchHeartbeat: the call is itself the command. A batch is one command, with a result for
// each heartbeat. Heartbeat is the hot path: one allocation on our side from arrival to reply.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "registry/gate.h"

namespace muster::rpc {

inline constexpr int kMaxBatchedHeartbeats = 1000;

/// Begins to answer a Heartbeat; the call then owns itself.
grpc::ServerUnaryReactor* AnswerHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& received, grpc::ByteBuffer& reply);

/// Begins to answer a BatchHeartbeat; the call then owns itself.
grpc::ServerUnaryReactor* AnswerBatchHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& received, grpc::ByteBuffer& reply);

}  // namespace muster::rpc

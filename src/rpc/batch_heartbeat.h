// BatchHeartbeat: many heartbeats as one command, a result for each.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "registry/gate.h"

namespace muster::rpc {

inline constexpr int kMaxBatchedHeartbeats = 1000;

/// Begins to answer a BatchHeartbeat; the call sees to itself from here on.
grpc::ServerUnaryReactor* AnswerBatchHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& received, grpc::ByteBuffer& reply);

}  // namespace muster::rpc

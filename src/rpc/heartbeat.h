// Heartbeat, the hot path: the call is the command. One allocation from arrival to reply on our side.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "registry/gate.h"

namespace muster::rpc {

/// Begins to answer a Heartbeat; the call sees to itself from here on.
grpc::ServerUnaryReactor* AnswerHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& received, grpc::ByteBuffer& reply);

}  // namespace muster::rpc

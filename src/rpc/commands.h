// The service muster.v1.WorkerCommands.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "muster/v1/commands.grpc.pb.h"
#include "registry/gate.h"
#include "rpc/open_streams.h"

namespace muster::rpc {

namespace internal {
using Commands = v1::WorkerCommands;

/// Every method gets the bytes of its request, and decodes them itself: see wire.h.
using RawCommands = Commands::WithRawCallbackMethod_RegisterWorker<
    Commands::WithRawCallbackMethod_UnregisterWorker<Commands::WithRawCallbackMethod_Heartbeat<
        Commands::WithRawCallbackMethod_BatchHeartbeat<Commands::WithRawCallbackMethod_StreamHeartbeats<
            Commands::WithRawCallbackMethod_UpdateWorkerStatus<
                Commands::WithRawCallbackMethod_RunScheduler<Commands::Service>>>>>>>;
}  // namespace internal

/// Decodes, hands a command to the roll, and answers when the roll has finished it. Never blocks.
/// Thread-safe; the gate must outlive it.
class CommandsService final : public internal::RawCommands {
 public:
  explicit CommandsService(const Gate& gate);

  /// Ends the open streams; call it once the gate is closed.
  void Drain() { streams_.EndAll(gate_.Refusal()); }

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* RegisterWorker(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* UnregisterWorker(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* Heartbeat(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* BatchHeartbeat(Context*, const Bytes*, Bytes*) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* StreamHeartbeats(Context*) override;
  grpc::ServerUnaryReactor* UpdateWorkerStatus(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* RunScheduler(Context*, const Bytes*, Bytes*) override;

  const Gate& gate_;
  OpenStreams streams_;
};

}  // namespace muster::rpc

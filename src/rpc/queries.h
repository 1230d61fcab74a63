// The service muster.v1.WorkerQueries.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <string>

#include "muster/v1/queries.grpc.pb.h"
#include "registry/gate.h"

namespace muster::rpc {

namespace internal {
using Queries = v1::WorkerQueries;

/// Every method gets the bytes of its request, and decodes them itself: see wire.h.
using RawQueries = Queries::WithRawCallbackMethod_GetWorker<Queries::WithRawCallbackMethod_ListWorkers<
    Queries::WithRawCallbackMethod_GetLastHeartbeat<Queries::WithRawCallbackMethod_ListHeartbeats<
        Queries::WithRawCallbackMethod_GetFleetSummary<Queries::WithRawCallbackMethod_ListEvents<
            Queries::WithRawCallbackMethod_WatchWorkers<Queries::Service>>>>>>>;
}  // namespace internal

/// Decodes, reads the roll, answers. Thread-safe; the gate must outlive it.
class QueriesService final : public internal::RawQueries {
 public:
  /// The fleet summary shows `version`.
  QueriesService(const Gate& gate, std::string version) : gate_(gate), version_(std::move(version)) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* GetWorker(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* ListWorkers(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* GetLastHeartbeat(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* ListHeartbeats(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* GetFleetSummary(Context*, const Bytes*, Bytes*) override;
  grpc::ServerUnaryReactor* ListEvents(Context*, const Bytes*, Bytes*) override;
  grpc::ServerWriteReactor<Bytes>* WatchWorkers(Context*, const Bytes*) override;

  const Gate& gate_;
  const std::string version_;
};

}  // namespace muster::rpc

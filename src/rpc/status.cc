#include "rpc/status.h"

#include "rpc/wire_error.h"

namespace muster::rpc {

grpc::Status ToStatus(const WorkerError& error) {
  const google::rpc::Status status = Describe(error);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

}  // namespace muster::rpc

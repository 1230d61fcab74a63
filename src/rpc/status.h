// A WorkerError as what gRPC ends a call with. What it says is made in wire_error.cc. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include "muster/errors.h"

namespace muster::rpc {

grpc::Status ToStatus(const WorkerError& error);

}  // namespace muster::rpc

// How a WorkerError reads on the wire: the one place where gRPC codes and error details are made.
//
// Every error carries a google.rpc.Status with an ErrorInfo {reason, domain "muster", metadata};
// INVALID_ARGUMENT also a BadRequest that names the field, RESOURCE_EXHAUSTED and UNAVAILABLE also a
// RetryInfo. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include "muster/errors.h"

namespace muster::rpc {

grpc::StatusCode CodeOf(const WorkerError& error);

grpc::Status ToStatus(const WorkerError& error);

}  // namespace muster::rpc

// How a WorkerError reads on the wire: the one place where gRPC codes and error details are made.
//
// Every error carries a google.rpc.Status with an ErrorInfo {reason, domain "muster", metadata};
// INVALID_ARGUMENT also a BadRequest that names the field, RESOURCE_EXHAUSTED and UNAVAILABLE also a
// RetryInfo. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/time/time.h"
#include "muster/errors.h"
#include "muster/v1/commands.pb.h"

namespace muster::rpc {

grpc::StatusCode CodeOf(const WorkerError& error);

/// When to try again, where that is right.
std::optional<absl::Duration> RetryDelayOf(const WorkerError& error);

grpc::Status ToStatus(const WorkerError& error);

/// The same for one heartbeat of many.
void ToProto(const WorkerError& error, v1::HeartbeatError& out);

}  // namespace muster::rpc

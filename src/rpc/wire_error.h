// How a WorkerError is sent: the one place where its code and its details are made.
//
// Every error carries a google.rpc.Status with an ErrorInfo {reason, domain "muster", metadata};
// INVALID_ARGUMENT also has a BadRequest that names the field, RESOURCE_EXHAUSTED and UNAVAILABLE also have
// a RetryInfo. It uses nothing of gRPC but the numbers of its codes, which Abseil uses too. Thread-safe.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "muster/errors.h"
#include "muster/v1/commands.pb.h"

namespace muster::rpc {

absl::StatusCode CodeOf(const WorkerError& error);

/// When to try again, if a retry makes sense.
std::optional<absl::Duration> RetryDelayOf(const WorkerError& error);

/// The whole status, for a call that failed.
google::rpc::Status Describe(const WorkerError& error);

/// The same for one heartbeat of many.
void ToProto(const WorkerError& error, v1::HeartbeatError& out);

}  // namespace muster::rpc

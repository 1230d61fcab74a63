// The domain in the words of the contract, and back. Pure.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "muster/event.h"
#include "muster/queries.h"
#include "muster/result.h"
#include "muster/sweeps.h"
#include "muster/v1/commands.pb.h"
#include "muster/v1/queries.pb.h"
#include "muster/v1/worker.pb.h"
#include "muster/worker.h"
#include "registry/heartbeat_summary.h"

namespace muster::rpc {

void ToProto(absl::Time time, google::protobuf::Timestamp& out);
void ToProto(absl::Duration duration, google::protobuf::Duration& out);
v1::WorkerStatus ToProto(WorkerStatus status);
v1::EventType ToProto(EventType type);
/// Everything but `heartbeats`.
void ToProto(const WorkerView& view, v1::Worker& out);
void ToProto(const HeartbeatSummary& summary, v1::HeartbeatSummary& out);
void ToProto(const Event& event, v1::Event& out);
void ToProto(const HeartbeatRecord& record, v1::HeartbeatRecord& out);
void ToProto(const SweepReport& report, v1::JobResult& out);

/// Unset for UNSPECIFIED; InvalidArgument, naming `field`, for a number that is no status.
Result<std::optional<WorkerStatus>> StatusFromProto(v1::WorkerStatus status, std::string_view field);

/// Whether `heartbeats` is asked for; InvalidArgument for a number that is no view.
Result<bool> WantsHeartbeats(v1::WorkerView view);

}  // namespace muster::rpc

// Converts the domain to the contract, and back. Pure.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>
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
#include "registry/fleet_summary.h"
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
/// Everything but the version.
void ToProto(const FleetSummary& summary, v1::GetFleetSummaryResponse& out);

/// Unset for UNSPECIFIED; InvalidArgument, naming `field`, for a number that is not a status.
Result<std::optional<WorkerStatus>> StatusFromProto(v1::WorkerStatus status, std::string_view field);

/// Whether the request asks for `heartbeats`; InvalidArgument for a number that is not a view.
Result<bool> WantsHeartbeats(v1::WorkerView view);

/// The address of a caller, as people write it, from gRPC's name for the peer: "ipv4:127.0.0.1:40312" ->
/// "127.0.0.1:40312", "ipv6:%5B::1%5D:40312" -> "[::1]:40312". Clients of unix sockets are "unix:".
std::string AddressOfPeer(std::string_view peer);

}  // namespace muster::rpc

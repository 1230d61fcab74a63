// Values of the domain as JSON. Pure.
//
// Names are camelCase. Every field is always present; an unset one is null. Times are RFC 3339 in UTC with
// microseconds. Durations are seconds with their unit ("120s", "9.871204s"), as in the JSON of protobuf.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "http/api/json.h"
#include "muster/event.h"
#include "muster/queries.h"
#include "muster/sweeps.h"
#include "muster/worker.h"
#include "registry/fleet_summary.h"
#include "registry/heartbeat_summary.h"

namespace muster::http {

std::string Render(absl::Time time);
std::string Render(absl::Duration duration);
/// Everything but `heartbeats`.
Json Render(const WorkerView& view);
Json Render(const HeartbeatSummary& summary);
Json Render(const HeartbeatRecord& record);
Json Render(const Event& event);
Json Render(const SweepReport& report);
/// Everything but the version.
Json Render(const FleetSummary& summary);

}  // namespace muster::http

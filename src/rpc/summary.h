// GetFleetSummary: the fleet in numbers, in the words of the contract. Pure.
#pragma once

#include "muster/v1/queries.pb.h"
#include "registry/fleet_summary.h"

namespace muster::rpc {

/// Everything but the version.
void ToProto(const FleetSummary& summary, v1::GetFleetSummaryResponse& out);

}  // namespace muster::rpc

// GetFleetSummary: the fleet in numbers.
#pragma once

#include "muster/queries.h"
#include "muster/roll.h"
#include "muster/v1/queries.pb.h"

namespace muster::rpc {

/// Fills everything but the version. StoreUnavailable.
Outcome FillSummary(const ReadTx& tx, const Roll& roll, v1::GetFleetSummaryResponse& out);

}  // namespace muster::rpc

// A run of load over streams: one for each connection, driven by one thread, until a time is over.
#pragma once

#include "load.h"
#include "workloads.h"

namespace muster::bench {

/// A closed loop. The calls of the report are heartbeats; it is complete where, besides, every stream ended
/// with OK. The workload gives requests of Heartbeat.
LoadReport RunStreams(const LoadShape& shape, Workload& workload);

}  // namespace muster::bench

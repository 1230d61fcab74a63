// Parts of a worker as people read them. Raw: what is shown goes through a table or a card.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "muster/v1/worker.pb.h"

namespace muster::ctl {

/// "rack=r7,zone=a", ordered by key.
std::string MetadataText(const v1::Worker& worker);

/// "12s ago", or "never".
std::string LastHeartbeatAge(const v1::Worker& worker, absl::Time now);

}  // namespace muster::ctl

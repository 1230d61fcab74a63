// What the daemon says of the work that it did: the load generator's own count is checked against it.
#pragma once

#include <cstdint>
#include <optional>

namespace muster::bench {

struct RegistryCount {
  std::int64_t workers = 0;
  std::int64_t heartbeats_recorded = 0;  // since the daemon's start, as the summary says
  std::int64_t heartbeats_kept = 0;      // the sum of every worker's total, also of those before the start
};

/// Pages through the whole roll where `add_up`. Nothing on an error, which goes to standard error.
std::optional<RegistryCount> CountRegistry(int port, bool add_up);

}  // namespace muster::bench

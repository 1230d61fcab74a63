// What the daemon noticed about itself since it started: the metrics of runtime/health_metrics.h, as the
// fleet summary shows them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace muster {

/// A plain value. Lists leave out what is zero; their words are the values of the metrics' labels.
struct DaemonHealth {
  struct Blind {
    std::string_view cause;
    absl::Duration duration;
  };
  struct Open {
    std::string_view interface;
    std::int64_t connections = 0;
  };
  struct Refused {
    std::string_view interface;
    std::string_view cause;
    std::int64_t connections = 0;
  };
  struct LostLogLines {
    std::string_view cause;
    std::int64_t lines = 0;
  };
  std::vector<Blind> blind;
  absl::Duration probe_latency;
  absl::Duration worst_probe_latency;
  std::vector<Open> open_connections;
  std::vector<Refused> refused_connections;
  std::int64_t database_log_bytes = 0;
  std::int64_t failed_batches = 0;
  std::int64_t in_doubt_batches = 0;
  std::vector<LostLogLines> lost_log_lines;
};

/// Of this process. Thread-safe; waits for nothing.
DaemonHealth HealthOfDaemon();

}  // namespace muster

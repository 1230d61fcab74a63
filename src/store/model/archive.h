// What a store keeps outside the model: the history of heartbeats, and the events.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "muster/event.h"
#include "muster/queries.h"
#include "muster/result.h"

namespace muster {

/// Thread-safe. Shows what is committed; the arguments are those of ScanReads.
class Archive {
 public:
  virtual ~Archive() = default;
  virtual Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                          int limit) const = 0;
  virtual Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                            int limit) const = 0;
};

}  // namespace muster

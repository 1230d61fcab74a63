// The record of all changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/worker.h"

namespace muster {

enum class EventType : std::uint8_t {
  kRegistered = 1,
  kReplaced = 2,
  kUnregistered = 3,
  kStatusChanged = 4,
  kRegionHeld = 5,
  kRegionReleased = 6,
  kCloneDetected = 7,
};

/// "registered", "status-changed", …
std::string_view EventTypeName(EventType type);

/// One change. The store sets the cursor when it commits: ascending, without gaps.
struct Event {
  std::int64_t cursor = 0;
  EventType type = EventType::kRegistered;
  absl::Time at;
  std::string worker_id;  // empty for events of a region
  std::string region;
  std::int64_t revision = 0;  // the worker's, after the change; 0 for events of a region
  std::optional<WorkerStatus> from;
  std::optional<WorkerStatus> to;
  std::string reason;
  std::string actor;  // "job:activation", or the caller's address
};

}  // namespace muster

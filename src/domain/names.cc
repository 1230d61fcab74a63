// The names of statuses, events, jobs and causes, for people and programs.
#include <string_view>

#include "muster/event.h"
#include "muster/sweeps.h"
#include "muster/worker.h"

namespace muster {

std::string_view StatusName(WorkerStatus status) {
  switch (status) {
    case WorkerStatus::kPending:
      return "Pending";
    case WorkerStatus::kActive:
      return "Active";
    case WorkerStatus::kOffline:
      return "Offline";
    case WorkerStatus::kFailed:
      return "Failed";
  }
  return "Unknown";
}

std::string_view EventTypeName(EventType type) {
  switch (type) {
    case EventType::kRegistered:
      return "registered";
    case EventType::kReplaced:
      return "replaced";
    case EventType::kUnregistered:
      return "unregistered";
    case EventType::kStatusChanged:
      return "status-changed";
    case EventType::kRegionHeld:
      return "region-held";
    case EventType::kRegionReleased:
      return "region-released";
    case EventType::kCloneDetected:
      return "clone-detected";
  }
  return "unknown";
}

std::string_view JobName(Job job) {
  switch (job) {
    case Job::kActivation:
      return "activation";
    case Job::kStaleDetection:
      return "stale-detection";
    case Job::kReactivation:
      return "reactivation";
  }
  return "unknown";
}

}  // namespace muster

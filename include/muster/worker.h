// A worker on the roll, and how its status moves.
//
//                     activation job: heard since
//     ┌─────────┐     it registered, or by hand           ┌────────┐
//     │ Pending ├────────────────────────────────────────►│ Active │◄─┐
//     └────┬────┘                                         └─┬────┬─┘  │ reactivation job:
//          │                  stale-detection job: silent   │    │    │ a fresh heartbeat exists,
//          │                  for heartbeat_timeout,        │    │    │ or by hand
//          │                  or by hand                    ▼    │    │
//          │ by hand                                  ┌─────────┐│    │
//          │                             ┌────────────┤ Offline ├┼────┘
//          │                             │  by hand   └─────────┘│
//          ▼                             ▼                       ▼ by hand
//     ┌────────────────────────────────────────────────────────────────┐
//     │ Failed: terminal. Comes back through unregister, then register │
//     └────────────────────────────────────────────────────────────────┘
//
// Register with `replace` gives the id of a Pending, Active or Offline worker to a new process: the worker
// starts again as Pending.
//
// A heartbeat never moves a status; the jobs do, from what the heartbeats recorded. A move to the status
// that a worker already has is accepted and changes nothing.
//
// Everything here is a plain value: copy it, move it, share it between threads as const.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "muster/clock.h"

namespace muster {

enum class WorkerStatus : std::uint8_t { kPending = 1, kActive = 2, kOffline = 3, kFailed = 4 };

inline constexpr WorkerStatus kAllStatuses[] = {WorkerStatus::kPending, WorkerStatus::kActive,
                                                WorkerStatus::kOffline, WorkerStatus::kFailed};

/// "Pending", "Active", "Offline" or "Failed".
std::string_view StatusName(WorkerStatus status);

/// Key to value, ordered by key.
using Metadata = absl::btree_map<std::string, std::string>;

// The limits of a worker, in bytes of UTF-8 unless they count entries. Text that is not an id is valid UTF-8
// without control characters (U+0000 to U+001F, U+007F); only metadata values may contain tabs and newlines.
inline constexpr std::size_t kMaxWorkerIdBytes = 128;
inline constexpr std::size_t kMaxInstanceIdBytes = 128;
inline constexpr std::size_t kMaxRegionBytes = 64;
inline constexpr std::size_t kMaxCapabilities = 64;
inline constexpr std::size_t kMaxCapabilityBytes = 64;
inline constexpr std::size_t kMaxMetadataEntries = 64;
inline constexpr std::size_t kMaxMetadataBytes = 16 * 1024;  // keys and values together
inline constexpr std::size_t kMaxReasonBytes = 256;

/// What a worker says about itself when it registers.
struct WorkerConfig {
  std::string region;                     // 1 to kMaxRegionBytes
  std::int32_t capacity = 0;              // units of work at once; more than 0
  std::vector<std::string> capabilities;  // sorted, no duplicates
  Metadata metadata;

  friend bool operator==(const WorkerConfig&, const WorkerConfig&) = default;
};

/// A worker as of its last change. Heartbeats are not changes: see Pulse.
struct Worker {
  std::string id;
  WorkerConfig config;
  std::string instance_id;      // the process that holds the id; heartbeats of another are refused
  std::string registered_from;  // the address of that process, as "10.0.0.7:51334"; empty if unknown
  WorkerStatus status = WorkerStatus::kPending;
  std::string status_reason;
  absl::Time registered_at;
  absl::Time status_changed_at;
  /// Grows with every change, from one counter for the whole roll: never reused, not even by a later worker
  /// with the same id.
  std::int64_t revision = 0;
  /// When it last became Active by hand: silence is counted from here even if it was never heard.
  std::optional<ListeningTime> activated_by_hand_at;
  /// When stale detection called it Offline; unset once it has moved again, or if it was moved by hand.
  std::optional<ListeningTime> called_offline_at;
  /// registered_at on the listening clock.
  ListeningTime registered_at_listening;
  /// Heartbeats recorded for the id before this registration (Pulse::total continues): they do not activate
  /// it.
  std::int64_t heartbeats_before = 0;
  /// The instance that held the id before the last replacement; empty if there was none.
  std::string previous_instance_id;
  /// It was reported since this registration that two processes use this id. Not a change: no new revision.
  bool clone_reported = false;
};

/// What the heartbeats of a worker recorded.
struct Pulse {
  std::int64_t total = 0;              // heartbeats ever recorded; 0: never heard, the rest is unset
  absl::Time last_at;                  // wall clock, for people
  ListeningTime heard_at;              // listening clock, for decisions
  std::optional<std::int32_t> in_use;  // the latest value that a heartbeat sent
};

/// A worker as a query or a decision sees it. Cheap to copy: the worker is shared and never changes.
struct WorkerView {
  std::shared_ptr<const Worker> worker;
  Pulse pulse;
  /// Has a meaning only for the store that gave out this view, and only within its transaction.
  std::uint32_t handle = 0;
};

}  // namespace muster

// What reads the roll: one free function for each use case.
//
// A query sees only what is durable. Thread-safe: any thread may call it at any time; it never waits for a
// commit. A paged list shows no worker twice, and misses none that existed all the time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/clock.h"
#include "muster/event.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/worker.h"

namespace muster {

class PointReads;  // of a store: one worker
class ScanReads;   // of a store: everything; may be slow, so only where no other work has to wait

inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;
/// A page of workers ends before it is longer than about this, so that every client can take it, whatever
/// the workers contain. One worker alone is 25 KiB at most. A page of events is under 1 MiB in any case, a
/// page of heartbeats under 100 KiB.
inline constexpr std::int64_t kMaxPageBytes = 1 << 20;

/// WorkerNotFound, InvalidArgument.
Result<WorkerView> GetWorker(const PointReads& reads, std::string_view worker_id);
Result<WorkerView> GetWorker(const ScanReads& reads, std::string_view worker_id);

/// All conditions must hold; an empty condition always holds.
struct WorkerFilter {
  std::vector<WorkerStatus> statuses;
  std::string region;
  std::string capability;
  Metadata metadata;
};

/// page_size 0 means kDefaultPageSize. The token is opaque and belongs to one filter.
struct PageRequest {
  int page_size = 0;
  std::string page_token;
};

struct WorkerPage {
  std::vector<WorkerView> workers;  // ordered by id
  std::string next_page_token;      // empty on the last page
};

/// A page has fewer workers than requested if more would be longer than kMaxPageBytes: only next_page_token
/// tells whether it is the last page. `bytes_with_each`: the size of what the caller shows with every
/// worker. InvalidArgument for a page size out of range, or a token that is forged or of another filter.
Result<WorkerPage> ListWorkers(const ScanReads& reads, const WorkerFilter& filter, const PageRequest& page,
                               std::int64_t bytes_with_each = 0);

/// One recorded heartbeat; the ordinal is 1 for the first of its worker.
struct HeartbeatRecord {
  std::int64_t ordinal = 0;
  absl::Time at;
};

struct HeartbeatPage {
  std::vector<HeartbeatRecord> heartbeats;  // newest first
  std::string next_page_token;
};

/// WorkerNotFound, InvalidArgument, StoreUnavailable.
Result<HeartbeatPage> ListHeartbeats(const ScanReads& reads, std::string_view worker_id,
                                     const PageRequest& page);

struct EventFilter {
  std::string worker_id;  // empty: all
  std::int64_t after_cursor = 0;
  bool newest_first = false;
};

struct EventPage {
  std::vector<Event> events;
  std::string next_page_token;
};

/// InvalidArgument, StoreUnavailable.
Result<EventPage> ListEvents(const ScanReads& reads, const EventFilter& filter, const PageRequest& page);

/// Index by static_cast<int>(status); [0] is not used.
using StatusCounts = std::int64_t[5];

/// The workers of a region in numbers. Capacity and in_use are sums over its Active workers.
struct RegionTotals {
  std::string region;
  StatusCounts by_status = {};
  std::int64_t capacity = 0;
  std::int64_t in_use = 0;
  std::int64_t free_capacity = 0;  // capacity - in_use, worker by worker, never below 0
  bool held = false;               // by the mass-failure guard
  ListeningTime held_until;
};

/// The whole fleet in numbers, ordered by region. The cost grows with the number of regions, not of workers.
Result<std::vector<RegionTotals>> CountWorkers(const ScanReads& reads);

}  // namespace muster

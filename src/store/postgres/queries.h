// What is asked of the database, one round trip each, from inside a transaction or from outside. What they
// answer stands in store/store.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "muster/queries.h"
#include "store/postgres/failure.h"
#include "store/postgres/session.h"
#include "store/store.h"

namespace muster::postgres {

Reply<std::optional<WorkerView>> FindWorker(const Session& session, std::string_view id);
Reply<std::vector<WorkerView>> ListWorkers(const Session& session, const WorkerFilter& filter,
                                           std::string_view after_id, int limit);
/// Those numbered higher than the worker's total less `history`. Nothing if there is no such worker.
Reply<std::optional<std::vector<HeartbeatRecord>>> ListHeartbeats(const Session& session, std::string_view id,
                                                                  std::int64_t before, int limit,
                                                                  std::int64_t history);
/// In the order of `workers`.
Reply<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(const Session& session,
                                                                  std::span<const WorkerView> workers,
                                                                  int limit);
/// Of the newest `max_events`.
Reply<std::vector<Event>> ListEvents(const Session& session, std::string_view worker_id, std::int64_t bound,
                                     bool newest_first, int limit, std::int64_t max_events);
Reply<std::vector<RegionTotals>> CountRegions(const Session& session);
Reply<std::vector<RegionHold>> ListHolds(const Session& session);
Reply<std::int64_t> LastCursor(const Session& session);

// The sweeps' questions. The workers that they answer with are locked until the transaction ends: a heartbeat
// that comes in meanwhile waits, and one that came before is seen.

Reply<std::vector<WorkerView>> PendingHeard(const Session& session, int limit);
Reply<std::vector<RegionSilence>> SilentByRegion(const Session& session, ListeningTime cutoff);
Reply<std::vector<WorkerView>> Silent(const Session& session, ListeningTime cutoff,
                                      const std::vector<std::string>& except, int limit);
Reply<std::vector<WorkerView>> OfflineHeardAfter(const Session& session, ListeningTime cutoff, int limit);

/// Locks the worker, so that nobody's heartbeat comes in between; its total, or nothing if it is not there.
Reply<std::optional<std::int64_t>> LockTotal(const Session& session, std::string_view id);

/// The workers of these ids that are there, in any order.
extern const Sql kFindWorkers;
/// The same, and locks them, in the order of their ids.
extern const Sql kLockWorkers;
/// Events to be written by one statement.
Parameters EventRows(const std::vector<Event>& events);
extern const Sql kInsertEvents;

}  // namespace muster::postgres

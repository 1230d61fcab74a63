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

Reply<std::optional<WorkerView>> FindWorker(Session& session, std::string_view id);
/// In chunks, so that little is fetched beyond the limit of bytes; all of them of one moment.
Reply<std::vector<WorkerView>> ListWorkers(Session& session, const WorkerFilter& filter,
                                           std::string_view after_id, ListLimit limit);
/// Those numbered higher than the worker's total less `history`. Nothing if there is no such worker.
Reply<std::optional<std::vector<HeartbeatRecord>>> ListHeartbeats(Session& session, std::string_view id,
                                                                  std::int64_t before, int limit,
                                                                  std::int64_t history);
/// In the order of `workers`.
Reply<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(Session& session,
                                                                  std::span<const WorkerView> workers,
                                                                  int limit);
/// Of the newest `max_events`.
Reply<std::vector<Event>> ListEvents(Session& session, std::string_view worker_id, std::int64_t bound,
                                     bool newest_first, int limit, std::int64_t max_events);
extern const Sql kListHolds;
Reply<std::vector<RegionHold>> ReadHolds(const Rows& rows);
Reply<std::vector<RegionHold>> ListHolds(Session& session);
Reply<std::int64_t> LastCursor(Session& session);

/// Locks the worker, so that nobody's heartbeat comes in between; its total, or nothing if it is not there.
Reply<std::optional<std::int64_t>> LockTotal(Session& session, std::string_view id);

/// The workers of these ids that are there, in any order.
extern const Sql kFindWorkers;
/// The same; locks them, in the order of their ids.
extern const Sql kLockWorkers;
/// The same, but for those whose rows are held elsewhere.
extern const Sql kLockFreeWorkers;
/// The ids of those that are there, held or not.
extern const Sql kFindIds;
/// Events to be written by one statement, numbered from `last_cursor` on.
Parameters EventRows(const std::vector<Event>& events, std::int64_t last_cursor);
extern const Sql kInsertEvents;

}  // namespace muster::postgres

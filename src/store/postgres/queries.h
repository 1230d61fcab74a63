// The questions to the database, one round trip each, from inside a transaction or from outside.
// store/store.h says what they answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "muster/queries.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/store.h"

namespace muster::postgres {

Reply<std::optional<WorkerView>> FindWorker(Session& session, std::string_view id);
/// In chunks, so that little is fetched above the limit of bytes. All chunks show the same moment.
Reply<std::vector<WorkerView>> ListWorkers(Session& session, const WorkerFilter& filter,
                                           std::string_view after_id, ListLimit limit);
/// Heartbeats with numbers above the total of the worker less `history`. Nothing if there is no such worker.
Reply<std::optional<std::vector<HeartbeatRecord>>> ListHeartbeats(Session& session, std::string_view id,
                                                                  std::int64_t before, int limit,
                                                                  std::int64_t history);
/// In the order of `workers`.
Reply<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(Session& session,
                                                                  std::span<const WorkerView> workers,
                                                                  int limit);
/// From the newest `max_events`.
Reply<std::vector<Event>> ListEvents(Session& session, std::string_view worker_id, std::int64_t bound,
                                     bool newest_first, int limit, std::int64_t max_events);
extern const Sql kListHolds;
Reply<std::vector<RegionHold>> ReadHolds(const Rows& rows);
Reply<std::vector<RegionHold>> ListHolds(Session& session);
Reply<std::int64_t> LastCursor(Session& session);

/// Locks the worker, so that no heartbeat comes in between. Returns its total, or nothing if there is no such
/// worker.
Reply<std::optional<std::int64_t>> LockTotal(Session& session, std::string_view id);

/// The workers with these ids, in any order.
extern const Sql kFindWorkers;
/// The same; locks them, in the order of their ids.
extern const Sql kLockWorkers;
/// The same, without workers whose rows another program holds.
extern const Sql kLockFreeWorkers;
/// The ids that exist, held or not.
extern const Sql kFindIds;
/// Events to be written by one statement, numbered after `last_cursor`.
Parameters EventRows(const std::vector<Event>& events, std::int64_t last_cursor);
extern const Sql kInsertEvents;

}  // namespace muster::postgres

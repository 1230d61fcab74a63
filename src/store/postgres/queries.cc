#include "store/postgres/queries.h"

#include <algorithm>
#include <string>
#include <utility>

#include "store/postgres/worker_rows.h"
#include "store/worker_json.h"

namespace muster::postgres {

const Sql kFindWorkers = {"find_workers",
                          "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE id = ANY ($1)"};
const Sql kLockWorkers = {"lock_workers", "SELECT " MUSTER_WORKER_COLUMNS
                                          " FROM workers WHERE id = ANY ($1) ORDER BY id FOR UPDATE"};

namespace {

constexpr Sql kFindWorker = {"find_worker", "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE id = $1"};

// What the filter does not ask for is empty, or NULL for the region: that always holds.
constexpr Sql kListWorkers = {"list_workers",
                              "SELECT " MUSTER_WORKER_COLUMNS
                              " FROM workers WHERE id > $1 AND (cardinality($2) = 0 OR status = ANY ($2)) "
                              "AND ($3::text IS NULL OR region = $3) "
                              "AND capabilities @> $4 AND metadata @> $5 "
                              "ORDER BY id LIMIT $6"};

constexpr Sql kListHeartbeats = {
    "list_heartbeats",
    "SELECT h.ordinal, h.recorded_at FROM workers w LEFT JOIN worker_heartbeats h ON h.worker_id = w.id "
    "AND h.ordinal < $2 AND h.ordinal > w.heartbeats - $3 "
    "WHERE w.id = $1 ORDER BY h.ordinal DESC LIMIT $4"};

constexpr Sql kRecentHeartbeats = {
    "recent_heartbeats",
    "SELECT w.n, h.ordinal, h.recorded_at FROM unnest($1) WITH ORDINALITY AS w (id, n) "
    "CROSS JOIN LATERAL (SELECT ordinal, recorded_at FROM worker_heartbeats WHERE worker_id = w.id "
    "ORDER BY ordinal DESC LIMIT $2) h ORDER BY w.n, h.ordinal DESC"};

#define MUSTER_EVENT_COLUMNS \
  "cursor, type, at, worker_id, region, revision, from_status, to_status, reason, actor"

constexpr Sql kListEventsUp = {
    "list_events_up", "SELECT " MUSTER_EVENT_COLUMNS
                      " FROM events WHERE cursor > $1 AND cursor > (SELECT last_cursor FROM roll) - $2 "
                      "AND ($3::text IS NULL OR worker_id = $3) ORDER BY cursor LIMIT $4"};
constexpr Sql kListEventsDown = {
    "list_events_down", "SELECT " MUSTER_EVENT_COLUMNS
                        " FROM events WHERE cursor < $1 AND cursor > (SELECT last_cursor FROM roll) - $2 "
                        "AND ($3::text IS NULL OR worker_id = $3) ORDER BY cursor DESC LIMIT $4"};

constexpr Sql kCountRegions = {
    "count_regions",
    "SELECT t.region, t.status, t.workers, t.capacity, t.in_use, t.free_capacity, h.until "
    "FROM (SELECT region, status, count(*) AS workers, sum(capacity) AS capacity, "
    "sum(coalesce(in_use, 0)) AS in_use, sum(greatest(capacity - coalesce(in_use, 0), 0)) AS free_capacity "
    "FROM workers GROUP BY region, status) t LEFT JOIN region_holds h ON h.region = t.region "
    "ORDER BY t.region"};

constexpr Sql kListHolds = {"list_holds", "SELECT region, until FROM region_holds ORDER BY region"};
constexpr Sql kLastCursor = {"last_cursor", "SELECT last_cursor FROM roll"};

// The sweeps' questions lock what they find, so that no heartbeat comes between the question and the commit.
// They leave out what is locked: with the roll's row theirs, that is heard at this very moment. So a sweep
// never waits for heartbeats, whatever order they lock in, and is never part of a deadlock.
constexpr Sql kPendingHeard = {"pending_heard",
                               "SELECT " MUSTER_WORKER_COLUMNS
                               " FROM workers WHERE status = 'Pending' AND heartbeats > heartbeats_before "
                               "LIMIT $1 FOR UPDATE SKIP LOCKED"};

// The reference of store/store.h; a worker that has none is silent since the birth of the roll.
#define MUSTER_REFERENCE "greatest(heard_at, activated_by_hand_at, 0)"

constexpr Sql kSilentByRegion = {"silent_by_region",
                                 "SELECT region, count(*), count(*) FILTER (WHERE " MUSTER_REFERENCE
                                 " <= $1) FROM workers WHERE status = 'Active' GROUP BY region "
                                 "HAVING count(*) FILTER (WHERE " MUSTER_REFERENCE " <= $1) > 0"};
constexpr Sql kSilent = {"silent", "SELECT " MUSTER_WORKER_COLUMNS
                                   " FROM workers WHERE status = 'Active' AND " MUSTER_REFERENCE
                                   " <= $1 AND region <> ALL ($2) LIMIT $3 FOR UPDATE SKIP LOCKED"};
constexpr Sql kOfflineHeardAfter = {"offline_heard_after",
                                    "SELECT " MUSTER_WORKER_COLUMNS
                                    " FROM workers WHERE status = 'Offline' AND heartbeats > 0 "
                                    "AND heard_at > $1 LIMIT $2 FOR UPDATE SKIP LOCKED"};
constexpr Sql kLockTotal = {"lock_total", "SELECT heartbeats FROM workers WHERE id = $1 FOR UPDATE"};

Reply<std::vector<WorkerView>> WorkersOf(Reply<Rows> rows) {
  if (!rows.ok()) return std::move(rows).failure();
  return ReadWorkers(*rows);
}

EventType EventTypeNamed(std::string_view name) {
  int type = static_cast<int>(EventType::kRegistered);
  while (type < static_cast<int>(EventType::kCloneDetected) &&
         EventTypeName(static_cast<EventType>(type)) != name) {
    ++type;
  }
  return static_cast<EventType>(type);
}

Event ReadEvent(const Rows& rows, int row) {
  const auto status = [&](int column) -> std::optional<WorkerStatus> {
    const std::optional<std::string_view> name = rows.OptionalText(row, column);
    if (!name) return std::nullopt;
    return StatusNamed(*name);
  };
  Event event;
  event.cursor = rows.Int64(row, 0);
  event.type = EventTypeNamed(rows.Text(row, 1));
  event.at = rows.Time(row, 2);
  event.worker_id = rows.Text(row, 3);
  event.region = rows.Text(row, 4);
  event.revision = rows.Int64(row, 5);
  event.from = status(6);
  event.to = status(7);
  event.reason = rows.Text(row, 8);
  event.actor = rows.Text(row, 9);
  return event;
}

std::optional<std::string_view> Unless(bool missing, std::string_view value) {
  return missing ? std::nullopt : std::optional(value);
}

}  // namespace

const Sql kInsertEvents = {"insert_events",
                           "INSERT INTO events (" MUSTER_EVENT_COLUMNS
                           ") SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};

Parameters EventRows(const std::vector<Event>& events) {
  Int64Array cursors;
  TextArray types;
  TimeArray times;
  TextArray workers;
  TextArray regions;
  Int64Array revisions;
  TextArray from;
  TextArray to;
  TextArray reasons;
  TextArray actors;
  const auto add_status = [](const std::optional<WorkerStatus>& status, TextArray& out) {
    if (status) {
      out.Add(StatusName(*status));
    } else {
      out.AddNull();
    }
  };
  for (const Event& event : events) {
    cursors.Add(event.cursor);
    types.Add(EventTypeName(event.type));
    times.Add(event.at);
    workers.Add(event.worker_id);
    regions.Add(event.region);
    revisions.Add(event.revision);
    add_status(event.from, from);
    add_status(event.to, to);
    reasons.Add(event.reason);
    actors.Add(event.actor);
  }
  Parameters parameters;
  parameters.Array(cursors).Array(types).Array(times).Array(workers).Array(regions).Array(revisions);
  parameters.Array(from).Array(to).Array(reasons).Array(actors);
  return parameters;
}

Reply<std::optional<WorkerView>> FindWorker(const Session& session, std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  const Reply<Rows> rows = session.Run(kFindWorker, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  if (rows->empty()) return std::optional<WorkerView>();
  return std::optional(ReadWorker(*rows, 0));
}

Reply<std::vector<WorkerView>> ListWorkers(const Session& session, const WorkerFilter& filter,
                                           std::string_view after_id, int limit) {
  std::vector<std::string> statuses;
  for (const WorkerStatus status : filter.statuses) statuses.emplace_back(StatusName(status));
  std::vector<std::string> capabilities;
  if (!filter.capability.empty()) capabilities.push_back(filter.capability);
  Parameters parameters;
  parameters.Text(after_id).Texts(statuses).Text(Unless(filter.region.empty(), filter.region));
  parameters.Texts(capabilities).Json(MetadataJson(filter.metadata)).Int64(std::max(limit, 0));
  return WorkersOf(session.Run(kListWorkers, std::move(parameters)));
}

Reply<std::optional<std::vector<HeartbeatRecord>>> ListHeartbeats(const Session& session, std::string_view id,
                                                                  std::int64_t before, int limit,
                                                                  std::int64_t history) {
  using Found = std::optional<std::vector<HeartbeatRecord>>;
  Parameters parameters;
  // One row at least: it shows whether the worker is there.
  parameters.Text(id).Int64(before).Int64(history).Int64(std::max(limit, 1));
  const Reply<Rows> rows = session.Run(kListHeartbeats, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  if (rows->empty()) return Found();
  std::vector<HeartbeatRecord> records;
  for (int row = 0; row < std::min(rows->size(), limit) && !rows->IsNull(row, 0); ++row) {
    records.push_back({rows->Int64(row, 0), rows->Time(row, 1)});
  }
  return Found(std::move(records));
}

Reply<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(const Session& session,
                                                                  std::span<const WorkerView> workers,
                                                                  int limit) {
  std::vector<std::vector<HeartbeatRecord>> recent(workers.size());
  TextArray ids;
  for (const WorkerView& view : workers) ids.Add(view.worker->id);
  Parameters parameters;
  parameters.Array(ids).Int64(limit);
  const Reply<Rows> rows = session.Run(kRecentHeartbeats, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  for (int row = 0; row < rows->size(); ++row) {
    const auto number = static_cast<std::size_t>(rows->Int64(row, 0));  // from 1
    recent[number - 1].push_back({rows->Int64(row, 1), rows->Time(row, 2)});
  }
  return recent;
}

Reply<std::vector<Event>> ListEvents(const Session& session, std::string_view worker_id, std::int64_t bound,
                                     bool newest_first, int limit, std::int64_t max_events) {
  Parameters parameters;
  parameters.Int64(bound).Int64(max_events).Text(Unless(worker_id.empty(), worker_id));
  parameters.Int64(std::max(limit, 0));
  const Reply<Rows> rows = session.Run(newest_first ? kListEventsDown : kListEventsUp, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) events.push_back(ReadEvent(*rows, row));
  return events;
}

Reply<std::vector<RegionTotals>> CountRegions(const Session& session) {
  const Reply<Rows> rows = session.Run(kCountRegions, {});
  if (!rows.ok()) return rows.failure();
  std::vector<RegionTotals> regions;
  for (int row = 0; row < rows->size(); ++row) {
    if (regions.empty() || regions.back().region != rows->Text(row, 0)) {
      regions.emplace_back().region = rows->Text(row, 0);
      if (const std::optional<std::int64_t> until = rows->OptionalInt64(row, 6)) {
        regions.back().held = true;
        regions.back().held_until = ListeningTime::FromMicros(*until);
      }
    }
    RegionTotals& region = regions.back();
    const WorkerStatus status = StatusNamed(rows->Text(row, 1));
    region.by_status[static_cast<std::size_t>(status)] = rows->Int64(row, 2);
    if (status != WorkerStatus::kActive) continue;
    region.capacity = rows->Int64(row, 3);
    region.in_use = rows->Int64(row, 4);
    region.free_capacity = rows->Int64(row, 5);
  }
  return regions;
}

Reply<std::vector<RegionHold>> ListHolds(const Session& session) {
  const Reply<Rows> rows = session.Run(kListHolds, {});
  if (!rows.ok()) return rows.failure();
  std::vector<RegionHold> holds;
  holds.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    holds.push_back({std::string(rows->Text(row, 0)), ListeningTime::FromMicros(rows->Int64(row, 1))});
  }
  return holds;
}

Reply<std::int64_t> LastCursor(const Session& session) {
  const Reply<Rows> rows = session.Run(kLastCursor, {});
  if (!rows.ok()) return rows.failure();
  return rows->empty() ? 0 : rows->Int64(0, 0);
}

Reply<std::vector<WorkerView>> PendingHeard(const Session& session, int limit) {
  Parameters parameters;
  parameters.Int64(limit);
  return WorkersOf(session.Run(kPendingHeard, std::move(parameters)));
}

Reply<std::vector<RegionSilence>> SilentByRegion(const Session& session, ListeningTime cutoff) {
  Parameters parameters;
  parameters.Int64(cutoff.micros());
  const Reply<Rows> rows = session.Run(kSilentByRegion, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  std::vector<RegionSilence> regions;
  regions.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    regions.push_back({std::string(rows->Text(row, 0)), rows->Int64(row, 1), rows->Int64(row, 2)});
  }
  return regions;
}

Reply<std::vector<WorkerView>> Silent(const Session& session, ListeningTime cutoff,
                                      const std::vector<std::string>& except, int limit) {
  Parameters parameters;
  parameters.Int64(cutoff.micros()).Texts(except).Int64(limit);
  return WorkersOf(session.Run(kSilent, std::move(parameters)));
}

Reply<std::vector<WorkerView>> OfflineHeardAfter(const Session& session, ListeningTime cutoff, int limit) {
  Parameters parameters;
  parameters.Int64(cutoff.micros()).Int64(limit);
  return WorkersOf(session.Run(kOfflineHeardAfter, std::move(parameters)));
}

Reply<std::optional<std::int64_t>> LockTotal(const Session& session, std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  const Reply<Rows> rows = session.Run(kLockTotal, std::move(parameters));
  if (!rows.ok()) return rows.failure();
  if (rows->empty()) return std::optional<std::int64_t>();
  return std::optional(rows->Int64(0, 0));
}

}  // namespace muster::postgres

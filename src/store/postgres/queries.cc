#include "store/postgres/queries.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "domain/worker_size.h"
#include "store/postgres/worker_rows.h"
#include "store/worker_json.h"

namespace muster::postgres {

const Sql kListHolds = {"list_holds", "SELECT region, until FROM region_holds ORDER BY region"};
const Sql kLockWorkers = {"lock_workers", "SELECT " MUSTER_WORKER_COLUMNS
                                          " FROM workers WHERE id = ANY ($1) ORDER BY id FOR UPDATE"};

const Sql kFindWorkers = {"find_workers",
                          "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE id = ANY ($1)"};
const Sql kLockFreeWorkers = {"lock_free_workers",
                              "SELECT " MUSTER_WORKER_COLUMNS
                              " FROM workers WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED"};
const Sql kFindIds = {"find_ids", "SELECT id FROM workers WHERE id = ANY ($1)"};

namespace {

constexpr Sql kFindWorker = {"find_worker", "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE id = $1"};

// A part that the filter does not ask for is empty, or NULL for the region: such a condition always holds.
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

constexpr Sql kLastCursor = {"last_cursor", "SELECT last_cursor FROM roll"};

constexpr Sql kLockTotal = {"lock_total", "SELECT heartbeats FROM workers WHERE id = $1 FOR UPDATE"};

EventType ReadEventType(const Rows& rows, int row, int column) {
  const std::string_view name = rows.Text(row, column);
  for (int type = static_cast<int>(EventType::kRegistered);
       type <= static_cast<int>(EventType::kCloneDetected); ++type) {
    if (EventTypeName(static_cast<EventType>(type)) == name) return static_cast<EventType>(type);
  }
  rows.Reject(row, column);
  return EventType::kRegistered;
}

Event ReadEvent(const Rows& rows, int row) {
  const auto status = [&](int column) -> std::optional<WorkerStatus> {
    if (rows.IsNull(row, column)) return std::nullopt;
    return ReadStatus(rows, row, column);
  };
  Event event;
  event.cursor = rows.Int64(row, 0);
  event.type = ReadEventType(rows, row, 1);
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

// About so many workers of the largest size fill a page.
constexpr int kFirstChunk = 64;

Parameters ListParameters(const WorkerFilter& filter, std::string_view after_id, int limit) {
  std::vector<std::string> statuses;
  for (const WorkerStatus status : filter.statuses) statuses.emplace_back(StatusName(status));
  std::vector<std::string> capabilities;
  if (!filter.capability.empty()) capabilities.push_back(filter.capability);
  Parameters parameters;
  parameters.Text(after_id).Texts(statuses).Text(Unless(filter.region.empty(), filter.region));
  parameters.Texts(capabilities).Json(MetadataJson(filter.metadata)).Int64(limit);
  return parameters;
}

}  // namespace

const Sql kInsertEvents = {"insert_events",
                           "INSERT INTO events (" MUSTER_EVENT_COLUMNS
                           ") SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};

Parameters EventRows(const std::vector<Event>& events, std::int64_t last_cursor) {
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
    cursors.Add(++last_cursor);
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

Reply<std::optional<WorkerView>> FindWorker(Session& session, std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  const Reply<Rows> rows = session.Run(kFindWorker, std::move(parameters));
  if (!rows.ok()) return rows.error();
  if (rows->empty()) return std::optional<WorkerView>();
  return Checked(*rows, std::optional(ReadWorker(*rows, 0)));
}

Reply<std::vector<WorkerView>> ListWorkers(Session& session, const WorkerFilter& filter,
                                           std::string_view after_id, ListLimit limit) {
  const bool in_chunks = limit.rows > kFirstChunk && limit.bytes < std::numeric_limits<std::int64_t>::max();
  std::vector<WorkerView> workers;
  std::int64_t bytes = 0;
  bool open = false;  // the transaction in which all chunks show one moment
  int chunk = std::max(in_chunks ? kFirstChunk : limit.rows, 0);
  while (true) {
    const bool last = chunk == limit.rows - static_cast<int>(workers.size());
    Pipeline pipeline;
    if (in_chunks && !std::exchange(open, true)) pipeline.Add(kBeginSnapshot);
    const std::string_view after = workers.empty() ? after_id : workers.back().worker->id;
    const std::size_t at = pipeline.Add(kListWorkers, ListParameters(filter, after, chunk));
    if (last && std::exchange(open, false)) pipeline.Add(kCommit);
    const Reply<std::vector<Rows>> answers = session.Run(pipeline);
    if (!answers.ok()) return answers.error();

    const Rows& rows = (*answers)[at];
    for (int row = 0; row < rows.size() && bytes <= limit.bytes; ++row) {
      workers.push_back(ReadWorker(rows, row));
      bytes += WorkerBytes(*workers.back().worker);
    }
    if (!rows.fault().empty()) return Checked(rows, std::move(workers));
    if (last || rows.size() < chunk || bytes > limit.bytes) break;
    const auto count = static_cast<std::int64_t>(workers.size());
    chunk = static_cast<int>(std::min(limit.rows - count, (limit.bytes - bytes) / (bytes / count) + 1));
  }
  if (open) {
    const Reply<Rows> ended = session.Run(kCommit, {});
    if (!ended.ok()) return ended.error();
  }
  return workers;
}

Reply<std::optional<std::vector<HeartbeatRecord>>> ListHeartbeats(Session& session, std::string_view id,
                                                                  std::int64_t before, int limit,
                                                                  std::int64_t history) {
  using Found = std::optional<std::vector<HeartbeatRecord>>;
  Parameters parameters;
  // At least one row: it shows whether the worker is there.
  parameters.Text(id).Int64(before).Int64(history).Int64(std::max(limit, 1));
  const Reply<Rows> rows = session.Run(kListHeartbeats, std::move(parameters));
  if (!rows.ok()) return rows.error();
  if (rows->empty()) return Found();
  std::vector<HeartbeatRecord> records;
  for (int row = 0; row < std::min(rows->size(), limit) && !rows->IsNull(row, 0); ++row) {
    records.push_back({rows->Int64(row, 0), rows->Time(row, 1)});
  }
  return Checked(*rows, Found(std::move(records)));
}

Reply<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(Session& session,
                                                                  std::span<const WorkerView> workers,
                                                                  int limit) {
  std::vector<std::vector<HeartbeatRecord>> recent(workers.size());
  TextArray ids;
  for (const WorkerView& view : workers) ids.Add(view.worker->id);
  Parameters parameters;
  parameters.Array(ids).Int64(limit);
  const Reply<Rows> rows = session.Run(kRecentHeartbeats, std::move(parameters));
  if (!rows.ok()) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    const auto number = static_cast<std::size_t>(rows->Int64(row, 0));  // from 1
    if (number < 1 || number > recent.size()) break;  // not a number that was asked for: a fault
    recent[number - 1].push_back({rows->Int64(row, 1), rows->Time(row, 2)});
  }
  return Checked(*rows, std::move(recent));
}

Reply<std::vector<Event>> ListEvents(Session& session, std::string_view worker_id, std::int64_t bound,
                                     bool newest_first, int limit, std::int64_t max_events) {
  Parameters parameters;
  parameters.Int64(bound).Int64(max_events).Text(Unless(worker_id.empty(), worker_id));
  parameters.Int64(std::max(limit, 0));
  const Reply<Rows> rows = session.Run(newest_first ? kListEventsDown : kListEventsUp, std::move(parameters));
  if (!rows.ok()) return rows.error();
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) events.push_back(ReadEvent(*rows, row));
  return Checked(*rows, std::move(events));
}

Reply<std::vector<RegionHold>> ReadHolds(const Rows& rows) {
  std::vector<RegionHold> holds;
  holds.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    holds.push_back({std::string(rows.Text(row, 0)), ListeningTime::FromMicros(rows.Int64(row, 1))});
  }
  return Checked(rows, std::move(holds));
}

Reply<std::vector<RegionHold>> ListHolds(Session& session) {
  const Reply<Rows> rows = session.Run(kListHolds, {});
  if (!rows.ok()) return rows.error();
  return ReadHolds(*rows);
}

Reply<std::int64_t> LastCursor(Session& session) {
  const Reply<Rows> rows = session.Run(kLastCursor, {});
  if (!rows.ok()) return rows.error();
  return Checked(*rows, rows->empty() ? 0 : rows->Int64(0, 0));
}

Reply<std::optional<std::int64_t>> LockTotal(Session& session, std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  const Reply<Rows> rows = session.Run(kLockTotal, std::move(parameters));
  if (!rows.ok()) return rows.error();
  if (rows->empty()) return std::optional<std::int64_t>();
  return Checked(*rows, std::optional(rows->Int64(0, 0)));
}

}  // namespace muster::postgres

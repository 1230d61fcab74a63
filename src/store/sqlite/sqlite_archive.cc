#include "store/sqlite/sqlite_archive.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "store/sqlite/failure.h"
#include "store/sqlite/packed.h"

namespace muster::sqlite {
namespace {

std::optional<WorkerStatus> OptionalStatus(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return static_cast<WorkerStatus>(row.Int64(column));
}

Event ReadEvent(const Statement& row) {
  Event event;
  event.cursor = row.Int64(0);
  event.type = static_cast<EventType>(row.Int64(1));
  event.at = absl::FromUnixMicros(row.Int64(2));
  event.worker_id = row.Text(3);
  event.region = row.Text(4);
  event.revision = row.Int64(5);
  event.from = OptionalStatus(row, 6);
  event.to = OptionalStatus(row, 7);
  event.reason = row.Text(8);
  event.actor = row.Text(9);
  return event;
}

}  // namespace

std::optional<SqliteArchive::Remembered> SqliteArchive::Remember(std::string_view id) const {
  const ReaderMutexLock lock(registry_.mu);
  const std::optional<std::uint32_t> slot = registry_.model.Find(id);
  if (!slot) return std::nullopt;
  Remembered remembered{registry_.model.KeyOf(*slot), registry_.model.HeartbeatsOf(*slot), {}};
  registry_.unfolded.VisitNewestFirst(*slot, [&](std::int64_t at) {
    remembered.unfolded.push_back(at);
    return std::cmp_less(remembered.unfolded.size(), history_);
  });
  return remembered;
}

absl::StatusOr<SqliteArchive::Folded> SqliteArchive::ReadFolded(std::int64_t key) const {
  absl::StatusOr<std::unique_ptr<ReadConnection>> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  Statement& query = (*reader)->find_pulse;
  query.Bind(key);
  const absl::StatusOr<bool> row = query.Step();
  if (!row.ok()) return row.status();
  Folded folded;
  if (*row) folded = {query.Int64(0), UnpackHistory(query.Int64(1), query.Bytes(2))};
  query.Reset();
  readers_.GiveBack(*std::move(reader));
  return folded;
}

Result<std::vector<HeartbeatRecord>> SqliteArchive::Heartbeats(std::string_view id, std::int64_t before,
                                                               int limit) const {
  while (true) {
    const std::optional<Remembered> remembered = Remember(id);
    if (!remembered) return WorkerNotFound{std::string(id)};
    const std::int64_t total = remembered->total;
    const std::int64_t oldest = std::max<std::int64_t>(1, total - history_ + 1);
    std::vector<HeartbeatRecord> records;
    // Called in descending order. Says whether older ones are wanted.
    const auto take = [&](std::int64_t ordinal, std::int64_t at) {
      if (ordinal < oldest || std::cmp_greater_equal(records.size(), limit)) return false;
      if (ordinal < before) records.push_back({ordinal, absl::FromUnixMicros(at)});
      return true;
    };
    std::int64_t ordinal = total;
    bool wanted = limit > 0;
    for (const std::int64_t at : remembered->unfolded) wanted = wanted && take(ordinal--, at);
    if (!wanted || ordinal < oldest) return records;

    const absl::StatusOr<Folded> folded = ReadFolded(remembered->key);
    if (!folded.ok()) return WorkerError(WhyUnavailable(folded.status()));
    // This was read after memory, so it has everything older. If a fold meanwhile put newer heartbeats in and
    // dropped old ones, look again.
    if (folded->total > total) continue;
    std::int64_t folded_ordinal = folded->total;
    for (const std::int64_t at : folded->times) {
      if (folded_ordinal <= ordinal && !take(folded_ordinal, at)) break;
      --folded_ordinal;
    }
    return records;
  }
}

Result<std::vector<Event>> SqliteArchive::Events(std::string_view worker_id, std::int64_t bound,
                                                 bool newest_first, int limit) const {
  std::int64_t last = 0;
  {
    const ReaderMutexLock lock(registry_.mu);
    last = registry_.model.last_cursor;
  }
  // Readers no longer see what is going to be trimmed, and do not yet see what the model has not taken over.
  const std::int64_t after = std::max(last - max_events_, newest_first ? 0 : bound);
  const std::int64_t before = newest_first ? std::min(bound, last + 1) : last + 1;
  std::vector<Event> events;
  if (limit <= 0 || before - after <= 1) return events;

  absl::StatusOr<std::unique_ptr<ReadConnection>> reader = readers_.Take();
  if (!reader.ok()) return WorkerError(WhyUnavailable(reader.status()));
  ReadConnection& queries = **reader;
  Statement& query =
      worker_id.empty()
          ? (newest_first ? queries.events_newest_first : queries.events_oldest_first)
          : (newest_first ? queries.worker_events_newest_first : queries.worker_events_oldest_first);
  if (worker_id.empty()) {
    query.Bind(after, before, limit);
  } else {
    query.Bind(worker_id, after, before, limit);
  }
  while (true) {
    const absl::StatusOr<bool> row = query.Step();
    if (!row.ok()) return WorkerError(WhyUnavailable(row.status()));
    if (!*row) break;
    events.push_back(ReadEvent(query));
  }
  readers_.GiveBack(*std::move(reader));
  return events;
}

}  // namespace muster::sqlite

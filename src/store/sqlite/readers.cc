#include "store/sqlite/readers.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace muster::sqlite {
namespace {

std::string EventsWhere(std::string_view condition, std::string_view direction) {
  return absl::StrCat(
      "SELECT cursor, type, at, worker_id, region, revision, from_status, to_status, reason, actor FROM "
      "events WHERE ",
      std::string(condition), " ORDER BY cursor ", std::string(direction), " LIMIT ?");
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReadConnection>> ReadConnection::Open(const Location& location) {
  absl::StatusOr<Database> database = Database::Open(location, Access::kReadOnly);
  if (!database.ok()) return database.status();
  auto connection = std::make_unique<ReadConnection>(*std::move(database));
  constexpr std::string_view kBetween = "cursor > ? AND cursor < ?";
  constexpr std::string_view kOfWorkerBetween = "worker_id = ? AND cursor > ? AND cursor < ?";
  const std::pair<Statement*, std::string> statements[] = {
      {&connection->find_pulse, "SELECT total, last_at, recent FROM pulses WHERE key = ?"},
      {&connection->events_oldest_first, EventsWhere(kBetween, "ASC")},
      {&connection->events_newest_first, EventsWhere(kBetween, "DESC")},
      {&connection->worker_events_oldest_first, EventsWhere(kOfWorkerBetween, "ASC")},
      {&connection->worker_events_newest_first, EventsWhere(kOfWorkerBetween, "DESC")},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<Statement> prepared = connection->database.Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return connection;
}

absl::StatusOr<std::unique_ptr<ReadConnection>> Readers::Take() {
  {
    const MutexLock lock(mu_);
    if (!idle_.empty()) {
      std::unique_ptr<ReadConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return ReadConnection::Open(location_);
}

void Readers::GiveBack(std::unique_ptr<ReadConnection> connection) {
  const MutexLock lock(mu_);
  if (idle_.size() < kMaxKept) idle_.push_back(std::move(connection));
}

}  // namespace muster::sqlite

#include "store/postgres/postgres_reader.h"

#include <utility>

#include "store/postgres/queries.h"

namespace muster::postgres {
namespace {

// For a connection of the pool, and for an answer over a large fleet.
constexpr absl::Duration kBorrowTimeout = absl::Seconds(5);
constexpr absl::Duration kReadTimeout = absl::Seconds(30);

template <typename T>
Result<T> Answer(Reply<T> reply) {
  if (reply.ok()) return *std::move(reply);
  Failure failure = std::move(reply).failure();
  failure.in_doubt = false;  // it changed nothing
  return Report(failure, "a query");
}

}  // namespace

Reply<std::vector<Rows>> PostgresReader::PooledSession::Run(const Pipeline& pipeline) const {
  Reply<ConnectionPool::Lease> lease = pool_.Borrow(kBorrowTimeout);
  if (!lease.ok()) return lease.failure();
  return (*lease)->Run(pipeline, kReadTimeout);
}

Result<std::optional<WorkerView>> PostgresReader::Find(std::string_view id) const {
  return Answer(FindWorker(session_, id));
}

Result<std::vector<WorkerView>> PostgresReader::List(const WorkerFilter& filter, std::string_view after_id,
                                                     int limit) const {
  return Answer(ListWorkers(session_, filter, after_id, limit));
}

Result<std::vector<HeartbeatRecord>> PostgresReader::Heartbeats(std::string_view id, std::int64_t before,
                                                                int limit) const {
  Result<std::optional<std::vector<HeartbeatRecord>>> found =
      Answer(ListHeartbeats(session_, id, before, limit, history_));
  if (!found.ok()) return found.error();
  if (!*found) return WorkerNotFound{std::string(id)};
  return **std::move(found);
}

Result<std::vector<std::vector<HeartbeatRecord>>> PostgresReader::RecentHeartbeats(
    std::span<const WorkerView> workers, int limit) const {
  if (std::cmp_greater(limit, history_)) limit = static_cast<int>(history_);
  return Answer(postgres::RecentHeartbeats(session_, workers, limit));
}

Result<std::vector<Event>> PostgresReader::Events(std::string_view worker_id, std::int64_t bound,
                                                  bool newest_first, int limit) const {
  return Answer(ListEvents(session_, worker_id, bound, newest_first, limit, max_events_));
}

Result<std::vector<RegionTotals>> PostgresReader::Totals() const {
  return Answer(CountRegions(session_));
}

Result<std::vector<RegionHold>> PostgresReader::Holds() const {
  return Answer(ListHolds(session_));
}

Result<std::int64_t> PostgresReader::LastCursor() const {
  return Answer(postgres::LastCursor(session_));
}

}  // namespace muster::postgres

#include "store/postgres/postgres_reader.h"

#include <utility>

#include "store/postgres/queries.h"
#include "store/postgres/totals.h"

namespace muster::postgres {
namespace {

// To wait for a connection of the pool.
constexpr absl::Duration kBorrowTimeout = absl::Seconds(5);

template <typename T>
Result<T> Answer(Reply<T> reply) {
  if (reply.ok()) return *std::move(reply);
  Failure failure = std::move(reply).error();
  failure.in_doubt = false;  // it changed nothing
  return Report(failure, "a query");
}

}  // namespace

Reply<std::vector<Rows>> ReadSession::Run(const Pipeline& pipeline) {
  if (!lease_) {
    Reply<ConnectionPool::Lease> lease = pool_.Borrow(kBorrowTimeout);
    if (!lease.ok()) return std::move(lease).error();
    lease_.emplace(*std::move(lease));
  }
  return (*lease_)->Run(pipeline, timeout_);
}

Result<std::optional<WorkerView>> PostgresReader::Find(std::string_view id) const {
  ReadSession session(pool_);
  return Answer(FindWorker(session, id));
}

Result<std::vector<WorkerView>> PostgresReader::List(const WorkerFilter& filter, std::string_view after_id,
                                                     ListLimit limit) const {
  ReadSession session(pool_);
  return Answer(ListWorkers(session, filter, after_id, limit));
}

Result<std::vector<HeartbeatRecord>> PostgresReader::Heartbeats(std::string_view id, std::int64_t before,
                                                                int limit) const {
  ReadSession session(pool_);
  Result<std::optional<std::vector<HeartbeatRecord>>> found =
      Answer(ListHeartbeats(session, id, before, limit, history_));
  if (!found.ok()) return found.error();
  if (!*found) return WorkerNotFound{std::string(id)};
  return **std::move(found);
}

Result<std::vector<std::vector<HeartbeatRecord>>> PostgresReader::RecentHeartbeats(
    std::span<const WorkerView> workers, int limit) const {
  ReadSession session(pool_);
  if (std::cmp_greater(limit, history_)) limit = static_cast<int>(history_);
  return Answer(postgres::RecentHeartbeats(session, workers, limit));
}

Result<std::vector<Event>> PostgresReader::Events(std::string_view worker_id, std::int64_t bound,
                                                  bool newest_first, int limit) const {
  ReadSession session(pool_);
  return Answer(ListEvents(session, worker_id, bound, newest_first, limit, max_events_));
}

Result<std::vector<RegionTotals>> PostgresReader::Totals() const {
  ReadSession session(pool_);
  return Answer(ReadTotals(session));
}

Result<std::vector<RegionHold>> PostgresReader::Holds() const {
  ReadSession session(pool_);
  return Answer(ListHolds(session));
}

Result<std::int64_t> PostgresReader::LastCursor() const {
  ReadSession session(pool_);
  return Answer(postgres::LastCursor(session));
}

}  // namespace muster::postgres

// What any thread reads of what is committed: every question goes to the database, on a connection of the
// pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "store/postgres/connection.h"
#include "store/postgres/pool.h"
#include "store/store.h"

namespace muster::postgres {

/// Thread-safe. The pool must outlive it. A call blocks for as long as the database takes.
class PostgresReader final : public ScanReads {
 public:
  PostgresReader(ConnectionPool& pool, std::string token_key, std::int64_t history, std::int64_t max_events)
      : pool_(pool), token_key_(std::move(token_key)), history_(history), max_events_(max_events) {}

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;
  Result<std::int64_t> LastCursor() const override;
  std::string_view TokenKey() const override { return token_key_; }

  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       ListLimit limit) const override;
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(std::span<const WorkerView> workers,
                                                                     int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;
  Result<std::vector<RegionTotals>> Totals() const override;
  Result<std::vector<RegionHold>> Holds() const override;

 private:
  ConnectionPool& pool_;
  const std::string token_key_;
  const std::int64_t history_;
  const std::int64_t max_events_;
};

/// For an answer over a large fleet.
inline constexpr absl::Duration kReadTimeout = absl::Seconds(30);

/// For one question: borrows a connection for its first statement, and gives it back at its end.
class ReadSession final : public Session {
 public:
  /// The pool must outlive it.
  explicit ReadSession(ConnectionPool& pool, absl::Duration timeout = kReadTimeout)
      : pool_(pool), timeout_(timeout) {}
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline) override;
  using Session::Run;

 private:
  ConnectionPool& pool_;
  const absl::Duration timeout_;
  std::optional<ConnectionPool::Lease> lease_;
};

}  // namespace muster::postgres

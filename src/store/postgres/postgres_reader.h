// The view of any thread on what is committed: every question goes to the database, on a connection of the
// pool.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/postgres/pool.h"
#include "store/postgres/session.h"
#include "store/store.h"

namespace muster::postgres {

/// Thread-safe. The pool must outlive it. A call blocks for as long as the database takes.
class PostgresReader final : public ReadTx {
 public:
  PostgresReader(ConnectionPool& pool, std::string token_key, std::int64_t history, std::int64_t max_events)
      : session_(pool), token_key_(std::move(token_key)), history_(history), max_events_(max_events) {}

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;
  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       int limit) const override;
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<std::vector<HeartbeatRecord>>> RecentHeartbeats(std::span<const WorkerView> workers,
                                                                     int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;
  Result<std::vector<RegionTotals>> Totals() const override;
  Result<std::vector<RegionHold>> Holds() const override;
  Result<std::int64_t> LastCursor() const override;
  std::string_view TokenKey() const override { return token_key_; }

 private:
  /// Each Run on a connection of its own.
  class PooledSession final : public Session {
   public:
    explicit PooledSession(ConnectionPool& pool) : pool_(pool) {}
    Reply<std::vector<Rows>> Run(const Pipeline& pipeline) const override;

   private:
    ConnectionPool& pool_;
  };

  const PooledSession session_;
  const std::string token_key_;
  const std::int64_t history_;
  const std::int64_t max_events_;
};

}  // namespace muster::postgres

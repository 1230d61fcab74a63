// A few connections, shared by many threads.
//
//     Reply<ConnectionPool::Lease> lease = pool.Borrow(absl::Seconds(1));
//     if (!lease.ok()) return lease.error();
//     Reply<Rows> rows = (*lease)->Run(kFind, std::move(parameters), absl::Seconds(1));
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "runtime/mutex.h"
#include "store/postgres/connection.h"
#include "store/postgres/dialer.h"
#include "store/postgres/failure.h"
#include "store/postgres/native.h"

namespace muster::postgres {

inline constexpr int kDefaultPoolSize = 4;

/// Thread-safe. Connections are opened when they are needed, at most `limit` of them. A connection that is
/// broken, or comes back with an open transaction, is closed. Must outlive its leases.
class ConnectionPool {
 public:
  /// Gives the connection back at its end. Move-only; belongs to one thread at a time.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    Connection& operator*() { return connection_; }
    Connection* operator->() { return &connection_; }

   private:
    friend class ConnectionPool;
    Lease(ConnectionPool& pool, Connection connection) : pool_(&pool), connection_(std::move(connection)) {}

    ConnectionPool* pool_;
    Connection connection_;
  };

  /// `dialer` must outlive the pool.
  explicit ConnectionPool(Dialer& dialer, int limit = kDefaultPoolSize);

  /// kAway if no connection is free within `timeout`, or none can be opened.
  Reply<Lease> Borrow(absl::Duration timeout);

 private:
  /// An idle connection; or no connection, but a place for a new one; or the reason why there is neither.
  Reply<std::optional<Connection>> TakeIdleOrPlace(const Deadline& deadline);
  void GiveBack(Connection connection);
  void GiveUpPlace();

  Dialer* const dialer_;
  const int limit_;
  Mutex mu_;
  CondVar freed_;
  std::vector<Connection> idle_ ABSL_GUARDED_BY(mu_);
  int open_ ABSL_GUARDED_BY(mu_) = 0;  // idle, lent, and being opened
};

}  // namespace muster::postgres

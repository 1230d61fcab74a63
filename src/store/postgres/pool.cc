#include "store/postgres/pool.h"

#include "absl/strings/str_cat.h"

namespace muster::postgres {

ConnectionPool::ConnectionPool(Dialer& dialer, int limit) : dialer_(&dialer), limit_(limit) {}

ConnectionPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->GiveBack(std::move(connection_));
}

Reply<ConnectionPool::Lease> ConnectionPool::Borrow(absl::Duration timeout) {
  const Deadline deadline(dialer_->clock(), timeout);
  while (true) {
    Reply<std::optional<Connection>> taken = TakeIdleOrPlace(deadline);
    if (!taken.ok()) return std::move(taken).error();
    if (!taken->has_value()) break;
    if ((*taken)->StillThere()) return Lease(*this, **std::move(taken));
    GiveUpPlace();  // the server restarted while it was idle; the others may be lost too
  }
  Reply<Connection> dialled = dialer_->Dial(deadline.Left());
  if (dialled.ok()) return Lease(*this, *std::move(dialled));
  GiveUpPlace();
  return std::move(dialled).error();
}

Reply<std::optional<Connection>> ConnectionPool::TakeIdleOrPlace(const Deadline& deadline) {
  const MutexLock lock(mu_);
  while (true) {
    if (!idle_.empty()) {
      std::optional<Connection> connection(std::move(idle_.back()));
      idle_.pop_back();
      return connection;
    }
    if (open_ < limit_) {
      ++open_;
      return std::optional<Connection>();
    }
    const absl::Duration left = deadline.Left();
    if (left <= absl::ZeroDuration()) {
      Failure failure;
      failure.detail = absl::StrCat("all ", limit_, " connections are in use");
      return failure;
    }
    freed_.WaitWithTimeout(mu_, left);
  }
}

void ConnectionPool::GiveBack(Connection connection) {
  if (connection.broken() || connection.in_transaction()) return GiveUpPlace();
  const MutexLock lock(mu_);
  idle_.push_back(std::move(connection));
  freed_.Signal();
}

void ConnectionPool::GiveUpPlace() {
  const MutexLock lock(mu_);
  --open_;
  freed_.Signal();
}

}  // namespace muster::postgres

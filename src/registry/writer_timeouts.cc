// The timeouts that the roll keeps, on the writer: see domain/told_timeouts.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "domain/told_timeouts.h"
#include "registry/writer.h"
#include "store/store.h"

namespace muster {
namespace {

// How far the readings of two daemons on the listening clock may be apart: four ticks (listening.h).
constexpr absl::Duration kReadingsDiffer = absl::Seconds(4);

}  // namespace

// Where daemons share the roll, each one raises the timeout in force to its own before it hears any worker,
// and the leader alone makes it shorter: when it is longer than that of every daemon.
absl::Duration Registry::Writer::TimeoutFor(const RollTimeouts& kept) const {
  const absl::Duration own = settings_->heartbeat_timeout;
  if (coordination_ == nullptr) return own;
  return std::max(own, listening_.Now(now_).leads ? longest_timeout_ : kept.in_force);
}

void Registry::Writer::PutTimeoutInForce() {
  if (store_->Timeouts().in_force != TimeoutFor(store_->Timeouts())) {
    WriteTx& tx = store_->Begin();
    ListeningTime running = std::max(listening_.Running(now_), latest_stored_stamp_);
    const ListeningTime proven = listening_.Proven(now_);
    if (coordination_ != nullptr) running = running + kReadingsDiffer;
    std::optional<RollTimeouts> next = WithInForce(tx.Timeouts(), TimeoutFor(tx.Timeouts()), running, proven);
    if (next) {
      tx.SetTimeouts(*std::move(next));
      (void)Commit();  // after a failure the next tick tries again
    } else {
      store_->Rollback();
    }
  }
  RollTimeouts now = store_->Timeouts();
  if (coordination_ != nullptr && now.in_force < settings_->heartbeat_timeout) {
    membership_error_ = StoreUnavailable{"the roll could not be told of a longer heartbeat timeout"};
  }
  now.in_force = std::max(now.in_force, settings_->heartbeat_timeout);
  const MutexLock lock(mu_);
  timeouts_ = std::move(now);
}

RollTimeouts Registry::Writer::Timeouts() const {
  const MutexLock lock(mu_);
  return timeouts_;
}

}  // namespace muster

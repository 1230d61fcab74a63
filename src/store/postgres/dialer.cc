#include "store/postgres/dialer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/log.h"

namespace muster::postgres {

Dialer::Dialer(std::string url, const Clock& clock, std::uint64_t seed)
    : url_(std::move(url)), clock_(&clock), random_(seed) {}

Reply<Connection> Dialer::Dial(absl::Duration timeout) {
  std::uint64_t round = 0;
  {
    const MutexLock lock(mu_);
    if (clock_->MonotonicNow() < not_before_) {
      Failure failure;
      failure.logged = true;
      failure.detail = absl::StrCat("waiting before the next attempt to connect; the last: ", last_detail_);
      return failure;
    }
    round = round_;
  }
  Reply<Connection> connection = Connection::Open(url_, *clock_, timeout);
  const MutexLock lock(mu_);
  if (connection.ok()) {
    backoff_ = absl::ZeroDuration();
    not_before_ = -absl::InfiniteDuration();
    ++round_;
  } else if (round == round_) {
    backoff_ = std::clamp(2 * backoff_, kFirstBackoff, kLongestBackoff);
    // Up to a quarter less, so that the longest wait stays the longest. The first wait is not shortened.
    std::uniform_real_distribution<double> share(0.75, 1.0);
    const absl::Duration pause = std::max(kFirstBackoff, backoff_ * share(random_));
    not_before_ = clock_->MonotonicNow() + pause;
    last_detail_ = connection.error().detail;
    ++round_;
    Log(LogLevel::kWarning, "cannot connect to PostgreSQL",
        {{"detail", last_detail_},
         {"next_attempt_in", absl::FormatDuration(absl::Trunc(pause, absl::Milliseconds(1)))}});
  }
  if (connection.ok()) return connection;
  Failure failure = std::move(connection).error();
  failure.logged = true;
  return failure;
}

Reply<Connection*> Reconnecting::Get(absl::Duration timeout) {
  if (connection_.has_value() && connection_->StillThere()) return &*connection_;
  connection_.reset();
  Reply<Connection> dialled = dialer_->Dial(timeout);
  if (!dialled.ok()) return std::move(dialled).error();
  connection_.emplace(*std::move(dialled));
  ++session_;
  return &*connection_;
}

}  // namespace muster::postgres

// How connections are opened, and how often that is tried while the server is away.
//
// After a failed attempt the next one waits 100 ms, then twice as long each time, up to 5 s, less a random
// part so that many daemons do not come at once. Until then every Dial fails at once. The first success
// resets the wait. Each failed attempt is a warning in the log, so the caller need not log it again.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "runtime/mutex.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"

namespace muster::postgres {

inline constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
inline constexpr absl::Duration kLongestBackoff = absl::Seconds(5);

/// Thread-safe. One dialer for everything that connects to one server, so that all learn at once that it is
/// away.
class Dialer {
 public:
  /// `clock` must outlive the dialer and its connections. `seed` is for the jitter: any number that differs
  /// between daemons.
  Dialer(std::string url, const Clock& clock, std::uint64_t seed);

  /// A new connection, or kAway: at once during the wait, else after at most `timeout`.
  Reply<Connection> Dial(absl::Duration timeout);

  const Clock& clock() const { return *clock_; }

 private:
  const std::string url_;
  const Clock* const clock_;
  Mutex mu_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mu_);
  std::uint64_t round_ ABSL_GUARDED_BY(mu_) = 0;  // attempts that run at the same time count as one
  absl::Duration backoff_ ABSL_GUARDED_BY(mu_);   // zero: none
  absl::Duration not_before_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  std::string last_detail_ ABSL_GUARDED_BY(mu_);
};

/// One connection for one thread. It is dialled when it is first asked for, and again after it was lost. Not
/// thread-safe.
class Reconnecting {
 public:
  /// `dialer` must outlive this.
  explicit Reconnecting(Dialer& dialer) : dialer_(&dialer) {}

  /// The connection, which stays here: use it until the next Get. What belonged to the session of an earlier
  /// connection (a transaction, its locks) is gone with that connection: session() tells.
  Reply<Connection*> Get(absl::Duration timeout);

  /// Counts the connections so far: 0 before the first, and another number after each loss.
  std::uint64_t session() const { return session_; }

 private:
  Dialer* dialer_;
  std::optional<Connection> connection_;
  std::uint64_t session_ = 0;
};

}  // namespace muster::postgres

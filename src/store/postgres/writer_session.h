// The connection of the writer. A transaction ends with it: only Ready dials a new one.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "store/postgres/connection.h"
#include "store/postgres/dialer.h"
#include "store/postgres/worker_cache.h"

namespace muster::postgres {

inline constexpr absl::Duration kDialTimeout = absl::Seconds(2);
/// How long to wait for a row that another transaction holds, unless a transaction says otherwise. Daemons
/// hold rows for the time of a commit; other programs may hold them for ever.
inline constexpr char kLockTimeout[] = "300ms";
/// For a round trip of the writer, also for a question of a sweep over a large fleet.
inline constexpr absl::Duration kWriteTimeout = absl::Seconds(15);

/// The writer's; not thread-safe.
class WriterSession final : public Session {
 public:
  /// Both must outlive it. Every new connection empties the cache: another server may have other data.
  WriterSession(Dialer& dialer, WorkerCache& cache) : connecting_(dialer), cache_(cache) {}

  /// Makes sure that there is a connection. To be called only outside of transactions.
  std::optional<Failure> Ready();
  /// kAway if the connection was lost since Ready.
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline) override;
  using Session::Run;
  /// The number of round trips so far, of questions and of commits.
  std::int64_t round_trips() const { return round_trips_; }
  /// Rolls back the open transaction, if there is one.
  void Abandon();

 private:
  Reconnecting connecting_;
  WorkerCache& cache_;
  Connection* connection_ = nullptr;
  std::uint64_t session_ = 0;
  std::int64_t round_trips_ = 0;
};

}  // namespace muster::postgres

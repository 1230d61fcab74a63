// The writer's own connection. A transaction lives and dies with it: only Ready dials a new one.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "store/postgres/dialer.h"
#include "store/postgres/session.h"
#include "store/postgres/worker_cache.h"

namespace muster::postgres {

inline constexpr absl::Duration kDialTimeout = absl::Seconds(2);
/// For a row that another transaction holds, unless a transaction says otherwise. Daemons hold rows for the
/// time of a commit; in other programs' hands they may stay for ever.
inline constexpr char kLockTimeout[] = "300ms";
/// For a round trip of the writer, a sweep's question over a large fleet among them.
inline constexpr absl::Duration kWriteTimeout = absl::Seconds(15);

/// The writer's; not thread-safe.
class WriterSession final : public Session {
 public:
  /// Both must outlive it. The cache is emptied with every new connection: another server may know better.
  WriterSession(Dialer& dialer, WorkerCache& cache) : connecting_(dialer), cache_(cache) {}

  /// Sees to it that there is a connection. To be called outside of transactions only.
  std::optional<Failure> Ready();
  /// kAway if the connection was lost since Ready.
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline) override;
  using Session::Run;
  /// So far, questions and commits alike.
  std::int64_t round_trips() const { return round_trips_; }
  /// Takes back whatever transaction is open.
  void Abandon();

 private:
  Reconnecting connecting_;
  WorkerCache& cache_;
  Connection* connection_ = nullptr;
  std::uint64_t session_ = 0;
  std::int64_t round_trips_ = 0;
};

}  // namespace muster::postgres

// Threads for reads that may be slow, because they look at many workers, at a disk or at a database. Such a
// read must not hold up a thread that serves others.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/random.h"
#include "muster/registry.h"
#include "registry/read_admission.h"
#include "runtime/mutex.h"
#include "store/store.h"

namespace muster {

/// One lane: its reads wait for each other, and for no other reads. Thread-safe, except for the destructor,
/// which drains, and waits for the reads that run.
class ReadPool {
 public:
  /// After a shorter wait a read is carried out without a check whether its caller still wants it: a client
  /// does not give up so soon.
  static constexpr absl::Duration kWorthAsking = absl::Milliseconds(10);

  /// As many reads run at once as there are threads. A read that would wait for a thread longer than
  /// `max_wait` is refused. All arguments must outlive the pool.
  ReadPool(const ScanReads& reads, const Clock& clock, Random& random, int threads, absl::Duration max_wait);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// Runs the query on a thread of the pool, or calls it with an error: at once on this thread if the read
  /// is refused, on a thread of the pool if its caller has given up before its turn.
  void Run(ReadCaller caller, ScanQuery query);

  /// From now on every read is refused. Reads that wait are refused too: they get their error on this
  /// thread. Reads that run go on.
  void Drain();
  /// Waits until no read runs any more; false if one still runs after `patience`. Call it after Drain.
  bool AwaitEnd(absl::Duration patience);

 private:
  struct Waiting {
    ReadCaller caller;
    absl::Duration deadline;  // on the monotonic clock, like `since`
    absl::Duration since;
    ScanQuery query;
  };

  void Work();
  /// Waits for the next read; nothing: there will be no more.
  std::optional<Waiting> Take();
  void CarryOut(Waiting& read);

  const ScanReads& reads_;
  const Clock& clock_;
  Random& random_;
  const std::size_t max_at_once_;
  Mutex mu_;
  CondVar has_work_;
  CondVar ended_;
  ReadAdmission admission_ ABSL_GUARDED_BY(mu_);
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  std::size_t running_ ABSL_GUARDED_BY(mu_) = 0;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace muster

// Where reads run that may be slow, because they look at many workers, at a disk or at a database: on threads
// of their own, so that they hold up no thread that serves others.
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

/// One lane: reads that wait for each other, and for no others. Thread-safe, but for the destructor, which
/// drains, and waits for the reads that run.
class ReadPool {
 public:
  /// A read that waited for less is carried out without a look whether anybody still wants it: the answer is
  /// on its way before a client can have lost its patience.
  static constexpr absl::Duration kWorthAsking = absl::Milliseconds(10);

  /// As many reads run at once as there are threads; a read that would wait for one longer than `max_wait` is
  /// refused. All that is handed in must outlive the pool.
  ReadPool(const ScanReads& reads, const Clock& clock, Random& random, int threads, absl::Duration max_wait);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// Runs the query on a thread of the pool, or with an error: at once on this one if it is refused, on a
  /// thread of the pool if its caller has given up when its turn comes.
  void Run(ReadCaller caller, ScanQuery query);

  /// From now on every read is refused, those that wait too; they are told so on this thread. Those that run
  /// go on.
  void Drain();
  /// Waits until no read runs any more; false if one still does after `patience`. Once drained.
  bool AwaitEnd(absl::Duration patience);

 private:
  struct Waiting {
    ReadCaller caller;
    absl::Duration deadline;  // on the monotonic clock, like `since`
    absl::Duration since;
    ScanQuery query;
  };

  void Work();
  /// Waits for a read whose turn has come; none: there is no more.
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

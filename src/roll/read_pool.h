// Where queries run that take long, or wait for a store that is far away: on threads of their own, so that
// they block nobody else.
#pragma once

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "runtime/mutex.h"
#include "store/store.h"

namespace muster {

/// Thread-safe, but for the destructor, which first carries out what waits.
class ReadPool {
 public:
  /// Queries that may wait; one more is answered with Overloaded.
  static constexpr std::size_t kMostWaiting = 10'000;

  /// As many queries run at once as there are threads. The reader must outlive the pool.
  ReadPool(const ReadTx& reader, int threads);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// Runs the query later, or at once where too many wait: then against a reader that refuses everything.
  void Run(absl::AnyInvocable<void(const ReadTx&)> query);

 private:
  void Work();

  const ReadTx& reader_;
  Mutex mu_;
  CondVar has_work_;
  std::deque<absl::AnyInvocable<void(const ReadTx&)>> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace muster

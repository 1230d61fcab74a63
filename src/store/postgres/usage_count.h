// Counts in the background what the workers of a large fleet have in use: see totals.h.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "runtime/executor.h"
#include "store/postgres/pool.h"

namespace muster::postgres {

/// The writer's thread only; its task runs on the executor.
class UsageCount {
 public:
  /// All must outlive it.
  UsageCount(ConnectionPool& pool, const Clock& clock, Executor& background);
  /// Cancels a count that has not begun, and waits for one that has.
  ~UsageCount();

  /// Begins a count, unless one is under way or the last one was a short time ago.
  void CountIfDue();

 private:
  class Count;

  const Clock& clock_;
  Executor& background_;
  absl::Duration not_before_ = -absl::InfiniteDuration();
  const std::shared_ptr<Count> count_;  // shared with its task, which may outlive this
};

}  // namespace muster::postgres

#include "store/postgres/usage_count.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "runtime/mutex.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/totals.h"

namespace muster::postgres {
namespace {

// The timeout of a count, because a stop waits for a count that is under way.
constexpr absl::Duration kPatience = absl::Seconds(10);
// So that the counts take at most a twentieth of a core of the server.
constexpr double kRest = 20;

}  // namespace

/// One at a time. Thread-safe.
class UsageCount::Count {
 public:
  Count(ConnectionPool& pool, const Clock& clock) : pool_(&pool), clock_(clock) {}

  bool Begin() { return !under_way_.exchange(true); }
  void Run() {
    const MutexLock lock(mu_);
    if (pool_ == nullptr) return;
    const absl::Duration begin = clock_.MonotonicNow();
    ReadSession session(*pool_, kPatience);
    const Reply<Nothing> counted = CountUsage(session);
    if (!counted.ok()) (void)Report(counted.error(), "counting what is in use");
    took_micros_ = absl::ToInt64Microseconds(clock_.MonotonicNow() - begin);
    under_way_ = false;
  }
  /// When it returns, no count runs, and none will.
  void TakeBack() {
    const MutexLock lock(mu_);
    pool_ = nullptr;
  }
  absl::Duration took() const { return absl::Microseconds(took_micros_.load()); }

 private:
  Mutex mu_;  // held while it counts
  ConnectionPool* pool_ ABSL_GUARDED_BY(mu_);
  const Clock& clock_;
  std::atomic<bool> under_way_ = false;
  std::atomic<std::int64_t> took_micros_ = 0;
};

UsageCount::UsageCount(ConnectionPool& pool, const Clock& clock, Executor& background)
    : clock_(clock), background_(background), count_(std::make_shared<Count>(pool, clock)) {}

UsageCount::~UsageCount() {
  count_->TakeBack();
}

void UsageCount::CountIfDue() {
  const absl::Duration now = clock_.MonotonicNow();
  if (now < not_before_ || !count_->Begin()) return;
  not_before_ = now + std::max(kUsageEvery, kRest * count_->took());
  background_.Post([count = count_] { count->Run(); });
}

}  // namespace muster::postgres

// A store whose slow reads hang, like a disk or a database that does not answer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/mutex.h"
#include "store/store.h"

namespace muster {

/// Holds every thread that passes while it is closed. Thread-safe.
class Turnstile {
 public:
  void Pass() {
    const MutexLock lock(mu_);
    ++came_;
    ++held_;
    while (closed_) opened_.WaitWithTimeout(mu_, absl::InfiniteDuration());
    --held_;
  }
  void Close() {
    const MutexLock lock(mu_);
    closed_ = true;
  }
  void Open() {
    const MutexLock lock(mu_);
    closed_ = false;
    opened_.SignalAll();
  }
  /// How many threads it holds.
  int held() const {
    const MutexLock lock(mu_);
    return held_;
  }
  /// How many threads ever came.
  int came() const {
    const MutexLock lock(mu_);
    return came_;
  }

 private:
  mutable Mutex mu_;
  CondVar opened_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int held_ ABSL_GUARDED_BY(mu_) = 0;
  int came_ ABSL_GUARDED_BY(mu_) = 0;
};

/// Like `inner`, but every read except a point read first passes the turnstile.
class HangingReads final : public ScanReads {
 public:
  explicit HangingReads(const ScanReads& inner) : inner_(inner) {}

  Result<std::optional<WorkerView>> Find(std::string_view id) const override { return inner_.Find(id); }
  Result<std::int64_t> LastCursor() const override { return inner_.LastCursor(); }
  std::string_view TokenKey() const override { return inner_.TokenKey(); }

  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       ListLimit limit) const override {
    turnstile.Pass();
    return inner_.List(filter, after_id, limit);
  }
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override {
    turnstile.Pass();
    return inner_.Heartbeats(id, before, limit);
  }
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override {
    turnstile.Pass();
    return inner_.Events(worker_id, bound, newest_first, limit);
  }
  Result<std::vector<RegionTotals>> Totals() const override {
    turnstile.Pass();
    return inner_.Totals();
  }
  Result<std::vector<RegionHold>> Holds() const override { return inner_.Holds(); }

  mutable Turnstile turnstile;

 private:
  const ScanReads& inner_;
};

}  // namespace muster

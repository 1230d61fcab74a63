// A roll for one input of a fuzzer, in memory and on virtual time: the same input always does the same.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/time/time.h"
#include "jobs/scheduled_jobs.h"
#include "muster/random.h"
#include "muster/registry.h"
#include "registry/self_probe.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "store/store.h"

namespace muster::fuzz {

/// The same numbers in every run.
class RepeatedRandom final : public Random {
 public:
  std::uint64_t Bits() override { return 0x9E3779B97F4A7C15U * ++count_; }
  void Fill(std::span<char> bytes) override {
    for (char& byte : bytes) byte = static_cast<char>(Bits() >> 56);
  }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

/// Its timeouts are short and its history is small, so that short inputs come to every limit.
class Roll {
 public:
  /// So many events are kept.
  explicit Roll(std::int64_t max_events);
  /// Finishes what is under way first.
  ~Roll();
  Roll(const Roll&) = delete;
  Roll& operator=(const Roll&) = delete;

  Registry& registry() { return *registry_; }
  std::int64_t LastCursor() const;

  /// Carries out everything that was started.
  void Turn() { executor_.RunUntilIdle(); }
  /// Time passes, and everything runs when it is due.
  void Pass(absl::Duration time);

  /// What must hold whatever was asked: every row is valid, and totals, events and histories agree with the
  /// rows. Ends the process if they do not.
  void Check() const;

 private:
  const std::int64_t max_events_;
  ManualClock clock_;
  RepeatedRandom random_;
  ManualExecutor executor_;
  const ScanReads* reads_ = nullptr;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<SelfProbe> probe_;
  std::unique_ptr<ScheduledJobs> jobs_;
};

}  // namespace muster::fuzz

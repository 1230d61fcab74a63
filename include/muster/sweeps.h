// The three jobs as decisions: what a sweep does, in steps of bounded size.
//
// A sweep is stepped until it says that it is done; each step is one transaction, so that a million moves
// never hold heartbeats up. A sweep is an ordinary command of the one writer: it is not thread-safe, needs no
// lock, and sees everything that was committed before its step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/result.h"
#include "muster/settings.h"

namespace muster {

class WriteTx;

enum class Job : std::uint8_t { kActivation, kStaleDetection, kReactivation };

inline constexpr Job kAllJobs[] = {Job::kActivation, Job::kStaleDetection, Job::kReactivation};

/// "activation", "stale-detection", "reactivation". The actor of its events is "job:" + this.
std::string_view JobName(Job job);

/// How many ids a report names; the count is exact beyond it.
inline constexpr std::size_t kMaxReportedIds = 1000;

/// What a run of a job did.
struct SweepReport {
  std::int64_t moved = 0;
  std::vector<std::string> ids;           // the first kMaxReportedIds
  std::vector<std::string> held_regions;  // by the mass-failure guard; stale detection only
  absl::Duration worst_latency;           // from the end of the timeout until found; stale detection only
  /// Of those that moved: heard again within one timeout of being called Offline; reactivation only.
  std::int64_t false_offlines = 0;
};

/// One run of one job.
class Sweep {
 public:
  virtual ~Sweep() = default;
  /// Moves at most `limit` workers. Returns true when the run is complete. On an error the step's transaction
  /// is dropped and the run is over; the next tick starts afresh.
  virtual Result<bool> Step(WriteTx& tx, const Moment& now, const Settings& settings, int limit) = 0;
  const SweepReport& report() const { return report_; }

 protected:
  SweepReport report_;
};

std::unique_ptr<Sweep> NewSweep(Job job);

}  // namespace muster

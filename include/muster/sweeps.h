// The three jobs as decisions: what a sweep does, in steps of limited size.
//
// The writer steps a sweep until the sweep is done. Each step is one transaction, so that a million moves
// never delay heartbeats. A sweep is an ordinary command of the one writer: it is not thread-safe, needs no
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

/// A report names at most so many ids; its count is exact beyond that.
inline constexpr std::size_t kMaxReportedIds = 1000;

/// What a run of a job did.
struct SweepReport {
  std::int64_t moved = 0;
  std::vector<std::string> ids;           // the first kMaxReportedIds
  std::vector<std::string> held_regions;  // by the mass-failure guard; stale detection only
  absl::Duration worst_latency;           // from the end of the timeout until found; stale detection only
  /// How many of the moved workers were heard again within one timeout of being called Offline; reactivation
  /// only.
  std::int64_t false_offlines = 0;
};

/// One run of one job.
class Sweep {
 public:
  virtual ~Sweep() = default;
  /// Moves at most `limit` workers. Returns true when the run is complete. On an error the step's
  /// transaction is dropped and the run is over; the next tick starts a new run.
  virtual Result<bool> Step(WriteTx& tx, const SweepMoment& now, const Settings& settings, int limit) = 0;
  const SweepReport& report() const { return report_; }

 protected:
  SweepReport report_;
};

std::unique_ptr<Sweep> NewSweep(Job job);

}  // namespace muster

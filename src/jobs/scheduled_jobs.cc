#include "jobs/scheduled_jobs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/check.h"
#include "muster/commands.h"
#include "muster/errors.h"
#include "muster/settings.h"
#include "muster/sweeps.h"
#include "runtime/executor.h"
#include "runtime/log.h"

namespace muster {
namespace {

// New settings may be noticed so late.
constexpr absl::Duration kLongestWait = absl::Seconds(1);
// How often to check again for a run that is late, or a clock that must still be read.
constexpr absl::Duration kShortestWait = absl::Milliseconds(10);
// How often to check whether this daemon leads now.
constexpr absl::Duration kFollowersWait = absl::Milliseconds(250);
// The pause after a run that failed, at least.
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

absl::Duration IntervalOf(Job job, const Settings& settings) {
  switch (job) {
    case Job::kActivation:
      return settings.activation_interval;
    case Job::kStaleDetection:
      return settings.stale_interval;
    case Job::kReactivation:
      return settings.reactivation_interval;
  }
  return settings.stale_interval;
}

void LogRun(Job job, const Result<SweepReport>& run) {
  const std::string name(JobName(job));
  if (!run.ok()) {
    Log(LogLevel::kWarning, "job failed; it runs again once the store can be written",
        {{"job", name}, {"error", MessageOf(run.error())}});
    return;
  }
  if (run->moved > 0)
    Log(LogLevel::kInfo, "job moved workers", {{"job", name}, {"moved", absl::StrCat(run->moved)}});
  if (!run->held_regions.empty()) {
    Log(LogLevel::kWarning, "too many workers of a region went silent at once; it is held for one timeout",
        {{"job", name}, {"regions", absl::StrJoin(run->held_regions, ", ")}});
  }
}

}  // namespace

class ScheduledJobs::Schedule : public std::enable_shared_from_this<Schedule> {
 public:
  Schedule(Registry& registry, const Clock& clock, Executor& executor)
      : registry_(registry), clock_(clock), executor_(executor) {}

  void Start() {
    MUSTER_CHECK(!std::exchange(started_, true), "the jobs are started once");
    executor_.Post([self = shared_from_this()] {
      for (const Job job : kAllJobs) self->StartJob(job);
    });
  }

  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  struct LastRun {
    absl::Duration began;
    // The run counts up to here on the listening clock.
    ListeningTime covers;
    bool running = false;
    bool failed = false;
  };

  LastRun& Last(Job job) { return last_[static_cast<std::size_t>(job)]; }

  void StartJob(Job job) {
    Last(job) = {clock_.MonotonicNow(), registry_.Status().clock};
    Wait(job);
  }

  // How long until the job is due: an interval after its last run began, or when the listening clock passes
  // a multiple of the interval. A restart does not forget the multiples, so the clock never advances by more
  // than an interval without a run. A run that failed is repeated once the store is back, or the gap would
  // be two intervals.
  absl::Duration UntilDue(Job job) {
    const RegistryStatus status = registry_.Status();
    const absl::Duration interval = IntervalOf(job, *registry_.settings());
    const absl::Duration since_begin = clock_.MonotonicNow() - Last(job).began;
    const absl::Duration multiple = absl::Floor(Last(job).covers - ListeningTime(), interval) + interval;
    const absl::Duration due = std::min(interval - since_begin, multiple - (status.clock - ListeningTime()));
    if (!Last(job).failed) return due;
    return std::min(status.store_writable ? kRetryAfter : interval, interval) - since_begin;
  }

  // The listening clock was last read a moment ago, so a run just before a multiple counts for the multiple;
  // unless the clock stands still there.
  ListeningTime Covered(Job job) {
    const RegistryStatus status = registry_.Status();
    if (!status.listening) return status.clock;
    return status.clock + std::min(kLongestWait, IntervalOf(job, *registry_.settings()) / 4);
  }

  void Wait(Job job) {
    const absl::Duration wait =
        registry_.Status().leads ? std::clamp(UntilDue(job), kShortestWait, kLongestWait) : kFollowersWait;
    executor_.PostAt(clock_.MonotonicNow() + wait, [self = shared_from_this(), job] { self->Check(job); });
  }

  void Check(Job job) {
    if (stopped_.load(std::memory_order_relaxed)) return;
    if (!Last(job).running && registry_.Status().leads && UntilDue(job) <= absl::ZeroDuration()) {
      Last(job) = {clock_.MonotonicNow(), Covered(job), true};
      registry_.RunJob(job, [self = shared_from_this(), job](const Result<SweepReport>& run) {
        self->Last(job).running = false;
        self->Last(job).failed = !run.ok();
        if (self->stopped_.load(std::memory_order_relaxed) && !run.ok()) return;  // draining
        LogRun(job, run);
      });
      if (job == Job::kActivation) CheckPacing();
    }
    Wait(job);
  }

  void CheckPacing() {
    const std::int64_t workers = registry_.Status().workers;
    const Settings settings = *registry_.settings();
    const bool saturated = PacingSaturated(workers, settings);
    if (saturated == pacing_saturated_) return;
    pacing_saturated_ = saturated;
    if (saturated) {
      Log(LogLevel::kWarning,
          "the fleet is too large for the maximum heartbeat rate: even the longest interval brings more; "
          "raise "
          "the rate or the timeout",
          {{"workers", absl::StrCat(workers)},
           {"max_heartbeats_per_second", absl::StrCat(settings.max_heartbeats_per_second)},
           {"longest_interval", absl::FormatDuration(settings.MaxInterval())}});
    } else {
      Log(LogLevel::kInfo, "the fleet is within the maximum heartbeat rate again",
          {{"workers", absl::StrCat(workers)}});
    }
  }

  Registry& registry_;
  const Clock& clock_;
  Executor& executor_;
  bool started_ = false;
  std::atomic<bool> stopped_ = false;
  // Used on the executor's thread only.
  std::array<LastRun, 3> last_;
  bool pacing_saturated_ = false;
};

ScheduledJobs::ScheduledJobs(Registry& registry, const Clock& clock, Executor& executor)
    : schedule_(std::make_shared<Schedule>(registry, clock, executor)) {}

ScheduledJobs::~ScheduledJobs() {
  Stop();
}

void ScheduledJobs::Start() {
  schedule_->Start();
}

void ScheduledJobs::Stop() {
  schedule_->Stop();
}

}  // namespace muster

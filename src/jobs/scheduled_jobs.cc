#include "jobs/scheduled_jobs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/commands.h"
#include "muster/errors.h"
#include "muster/settings.h"
#include "muster/sweeps.h"
#include "runtime/executor.h"
#include "runtime/log.h"

namespace muster {
namespace {

// How late new settings may be noticed.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

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
    Log(LogLevel::kWarning, "job failed; it runs again at its next interval",
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
  Schedule(Roll& roll, const Clock& clock, Executor& executor)
      : roll_(roll), clock_(clock), executor_(executor) {}

  void Start() {
    executor_.Post([self = shared_from_this()] {
      for (const Job job : kAllJobs) self->StartJob(job);
    });
  }

  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  struct Timetable {
    absl::Duration began;  // the last run; the time for which it stands before the first
    bool running = false;
  };

  Timetable& Of(Job job) { return timetable_[static_cast<std::size_t>(job)]; }

  void StartJob(Job job) {
    const absl::Duration interval = IntervalOf(job, *roll_.settings());
    const absl::Duration on_the_clock = absl::Microseconds(roll_.Status().clock.micros());
    Of(job).began = clock_.MonotonicNow() - on_the_clock % interval;
    Wait(job);
  }

  void Wait(Job job) {
    const absl::Duration due = Of(job).began + IntervalOf(job, *roll_.settings());
    executor_.PostAt(std::min(due, clock_.MonotonicNow() + kLongestWait),
                     [self = shared_from_this(), job] { self->Check(job); });
  }

  void Check(Job job) {
    if (stopped_.load(std::memory_order_relaxed)) return;
    Timetable& timetable = Of(job);
    const absl::Duration now = clock_.MonotonicNow();
    if (!timetable.running && now >= timetable.began + IntervalOf(job, *roll_.settings())) {
      timetable.began = now;
      timetable.running = true;
      roll_.RunJob(job, [self = shared_from_this(), job](const Result<SweepReport>& run) {
        self->Of(job).running = false;
        if (self->stopped_.load(std::memory_order_relaxed) && !run.ok()) return;  // draining
        LogRun(job, run);
      });
      if (job == Job::kActivation) CheckPacing();
    }
    Wait(job);
  }

  void CheckPacing() {
    const std::int64_t workers = roll_.Status().workers;
    const Settings settings = *roll_.settings();
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

  Roll& roll_;
  const Clock& clock_;
  Executor& executor_;
  std::atomic<bool> stopped_ = false;
  // The executor's thread's.
  std::array<Timetable, 3> timetable_;
  bool pacing_saturated_ = false;
};

ScheduledJobs::ScheduledJobs(Roll& roll, const Clock& clock, Executor& executor)
    : schedule_(std::make_shared<Schedule>(roll, clock, executor)) {}

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

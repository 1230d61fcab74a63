#include "usecases/sweep.h"

#include <algorithm>

#include "domain/text.h"
#include "store/store.h"

namespace muster {

std::unique_ptr<Sweep> NewSweep(Job job) {
  switch (job) {
    case Job::kActivation:
      return NewActivationSweep();
    case Job::kStaleDetection:
      return NewStaleSweep();
    case Job::kReactivation:
      break;
  }
  return NewReactivationSweep();
}

RollTimeouts JudgedBy(const WriteTx& tx, const Settings& settings) {
  RollTimeouts timeouts = tx.Timeouts();
  timeouts.in_force = std::max(timeouts.in_force, settings.heartbeat_timeout);
  return timeouts;
}

std::string ActorOf(Job job) {
  return Concat({"job:", JobName(job)});
}

void CountMoved(SweepReport& report, const Worker& worker) {
  ++report.moved;
  if (report.ids.size() < kMaxReportedIds) report.ids.push_back(worker.id);
}

std::string FormatSilence(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
}

}  // namespace muster

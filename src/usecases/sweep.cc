#include "usecases/sweep.h"

#include "domain/text.h"

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

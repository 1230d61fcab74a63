#include "domain/liveness.h"

#include <algorithm>

namespace muster {

// For people silence has a beginning only if the worker was heard or activated by hand.
std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now) {
  if (!worker.activated_by_hand_at && !HeardAt(pulse)) return std::nullopt;
  return now - SilenceReference(worker.activated_by_hand_at, HeardAt(pulse));
}

bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, absl::Duration timeout) {
  const std::optional<absl::Duration> silence = SilentFor(worker, pulse, now);
  return silence && *silence < timeout;
}

bool ActivationApplies(const WorkerView& view) {
  return view.worker->status == WorkerStatus::kPending &&
         HeardSinceRegistered(view.pulse.total, view.worker->heartbeats_before);
}

bool StaleDetectionApplies(const WorkerView& view, ListeningTime cutoff) {
  return view.worker->status == WorkerStatus::kActive &&
         IsStale(SilenceReference(view.worker->activated_by_hand_at, HeardAt(view.pulse)), cutoff);
}

bool ReactivationApplies(const WorkerView& view, ListeningTime cutoff) {
  return view.worker->status == WorkerStatus::kOffline && HeardAfter(HeardAt(view.pulse), cutoff);
}

bool FalselyCalledOffline(const WorkerView& view, absl::Duration timeout) {
  const std::optional<ListeningTime> heard_at = HeardAt(view.pulse);
  return view.worker->called_offline_at && heard_at && *heard_at - *view.worker->called_offline_at < timeout;
}

absl::Duration DetectionLatency(const WorkerView& view, ListeningTime now, absl::Duration timeout) {
  const std::optional<absl::Duration> silence = SilentFor(*view.worker, view.pulse, now);
  return silence ? std::max(*silence - timeout, absl::ZeroDuration()) : absl::ZeroDuration();
}

}  // namespace muster

#include "domain/liveness.h"

#include <algorithm>

namespace muster {
namespace {

bool EverHeard(const Pulse& pulse) {
  return pulse.total > 0;
}

}  // namespace

std::optional<ListeningTime> Reference(const Worker& worker, const Pulse& pulse) {
  if (!EverHeard(pulse)) return worker.activated_by_hand_at;
  if (!worker.activated_by_hand_at) return pulse.heard_at;
  return std::max(pulse.heard_at, *worker.activated_by_hand_at);
}

std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now) {
  const std::optional<ListeningTime> reference = Reference(worker, pulse);
  if (!reference) return std::nullopt;
  return now - *reference;
}

bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, absl::Duration timeout) {
  const std::optional<absl::Duration> silence = SilentFor(worker, pulse, now);
  return silence && *silence < timeout;
}

bool ActivationApplies(const WorkerView& view) {
  return view.worker->status == WorkerStatus::kPending && view.pulse.total > view.worker->heartbeats_before;
}

bool StaleDetectionApplies(const WorkerView& view, ListeningTime cutoff) {
  if (view.worker->status != WorkerStatus::kActive) return false;
  const std::optional<ListeningTime> reference = Reference(*view.worker, view.pulse);
  return !reference || *reference <= cutoff;
}

bool ReactivationApplies(const WorkerView& view, ListeningTime cutoff) {
  return view.worker->status == WorkerStatus::kOffline && EverHeard(view.pulse) &&
         view.pulse.heard_at > cutoff;
}

bool FalselyCalledOffline(const WorkerView& view, absl::Duration timeout) {
  return view.worker->called_offline_at && EverHeard(view.pulse) &&
         view.pulse.heard_at - *view.worker->called_offline_at < timeout;
}

absl::Duration DetectionLatency(const WorkerView& view, ListeningTime now, absl::Duration timeout) {
  const std::optional<absl::Duration> silence = SilentFor(*view.worker, view.pulse, now);
  return silence ? std::max(*silence - timeout, absl::ZeroDuration()) : absl::ZeroDuration();
}

}  // namespace muster

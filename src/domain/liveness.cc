#include "domain/liveness.h"

namespace muster {

// For people silence has a beginning only if the worker was heard or activated by hand.
std::optional<absl::Duration> SilentFor(const Worker& worker, const Pulse& pulse, ListeningTime now) {
  if (!worker.activated_by_hand_at && !HeardAt(pulse)) return std::nullopt;
  return now - SilenceReference(worker.activated_by_hand_at, HeardAt(pulse));
}

// As IsStale: both must be over, and a heartbeat that came later is all that counts.
std::optional<Silence> SilenceOf(const Worker& worker, const Pulse& pulse, const RollTimeouts& timeouts) {
  const std::optional<ListeningTime> heard = HeardAt(pulse);
  const std::optional<ListeningTime> by_hand = worker.activated_by_hand_at;
  const auto silence = [&timeouts](ListeningTime since) {
    return Silence{since, LimitSince(timeouts, since)};
  };
  if (!heard && !by_hand) return std::nullopt;
  if (!by_hand || (heard && *by_hand < *heard)) return silence(*heard);
  if (!heard) return silence(*by_hand);
  const Silence of_heartbeat = silence(*heard);
  const Silence of_activation = silence(*by_hand);
  const bool heartbeat_lasts =
      of_activation.since + of_activation.limit < of_heartbeat.since + of_heartbeat.limit;
  return heartbeat_lasts ? of_heartbeat : of_activation;
}

bool Fresh(const Worker& worker, const Pulse& pulse, ListeningTime now, const RollTimeouts& timeouts) {
  const std::optional<Silence> silence = SilenceOf(worker, pulse, timeouts);
  return silence && now - silence->since < silence->limit;
}

bool ActivationApplies(const WorkerView& view) {
  return view.worker->status == WorkerStatus::kPending &&
         HeardSinceRegistered(view.pulse.total, view.worker->heartbeats_before);
}

bool StaleDetectionApplies(const WorkerView& view, std::span<const ReferenceRange> stale) {
  return view.worker->status == WorkerStatus::kActive &&
         IsStale(view.worker->activated_by_hand_at, HeardAt(view.pulse), stale);
}

bool ReactivationApplies(const WorkerView& view, std::span<const ReferenceRange> stale) {
  return view.worker->status == WorkerStatus::kOffline && IsFreshlyHeard(HeardAt(view.pulse), stale);
}

bool FalselyCalledOffline(const WorkerView& view, const RollTimeouts& timeouts) {
  const std::optional<ListeningTime> called = view.worker->called_offline_at;
  const std::optional<ListeningTime> heard = HeardAt(view.pulse);
  return called && heard && *heard - *called < LimitSince(timeouts, *called);
}

}  // namespace muster

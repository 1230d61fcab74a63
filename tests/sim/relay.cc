#include "tests/sim/relay.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "registry/heartbeat_batch.h"

namespace muster::sim {
namespace {

constexpr absl::Duration kPauseAfterFailure = absl::Seconds(2);

Fate FateOf(const WorkerError& error) {
  const auto* unavailable = std::get_if<StoreUnavailable>(&error);
  return unavailable != nullptr && unavailable->in_doubt ? Fate::kInDoubt : Fate::kNotDone;
}

}  // namespace

// The heartbeats point into the processes, which it keeps alive.
struct Relay::Call {
  std::vector<std::shared_ptr<Process>> processes;
  std::vector<HeartbeatCommand> heartbeats;
};

void Relay::After(absl::Duration pause) {
  const absl::Duration when = std::max(around_.clock.MonotonicNow() + pause, paused_until_);
  around_.timers.PostAt(when, [self = shared_from_this()] { self->Send(); });
}

void Relay::Send() {
  if (paused_until_ > around_.clock.MonotonicNow()) return After(absl::ZeroDuration());
  Daemon* const daemon = around_.network.Connect(region_, 0);
  if (daemon == nullptr) return After(kPauseAfterFailure);
  auto call = std::make_shared<Call>();
  for (const auto& process : processes_) {
    if (!process->alive() || !process->registered()) continue;
    HeartbeatCommand heartbeat;
    heartbeat.worker_id = process->identity().worker;
    heartbeat.instance_id = process->identity().instance;
    call->processes.push_back(process);
    call->heartbeats.push_back(heartbeat);
  }
  After(daemon->settings().heartbeat_timeout / 6);
  if (call->heartbeats.empty()) return;
  daemon->Receive([self = shared_from_this(), daemon, call] {
    if (!daemon->up()) return;
    SubmitHeartbeats(daemon->registry(), call->heartbeats,
                     [self, call, death = daemon->death()](const Result<HeartbeatResults>& results) {
                       self->Answered(*call, death.Came(), results);
                     });
  });
}

void Relay::Answered(const Call& call, bool dead, const Result<HeartbeatResults>& results) {
  for (std::size_t i = 0; i < call.processes.size(); ++i) {
    Fate fate = Fate::kInDoubt;
    if (!results.ok()) {
      fate = dead ? Fate::kInDoubt : FateOf(results.error());
    } else if (!results->receipts[i].ok()) {
      fate = Fate::kRefused;
    } else if (!dead) {
      fate = Fate::kCommitted;
    }
    around_.ledger.EndHeartbeat(call.processes[i]->identity().worker, fate, around_.clock.MonotonicNow());
  }
}

}  // namespace muster::sim

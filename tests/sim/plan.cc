#include "tests/sim/plan.h"

#include <algorithm>
#include <numeric>

#include "tests/sim/dice.h"

namespace muster::sim {
namespace {

std::vector<AccidentKind> KindsFor(const Choice& choice, bool shared) {
  const auto chosen = [&](Hole hole) {
    return std::find(choice.holes.begin(), choice.holes.end(), hole) != choice.holes.end();
  };
  std::vector<AccidentKind> kinds;
  for (const AccidentKind& kind : AllKinds()) {
    if (!choice.only.empty()) {
      if (std::find(choice.only.begin(), choice.only.end(), kind.kind) != choice.only.end())
        kinds.push_back(kind);
      continue;
    }
    // The workers of a daemon that stands still, or has lost its port, wait for it, while the others count
    // their silence.
    const bool stands = kind.kind == Kind::kPause || kind.kind == Kind::kPortLost;
    const Hole hole = shared && stands ? Hole::kStuckMember : kind.hole;
    const bool usual = hole == Hole::kNone && !choice.only_holes;
    if (usual || chosen(hole)) kinds.push_back(kind);
  }
  return kinds;
}

const AccidentKind& Pick(const std::vector<AccidentKind>& kinds, Dice& dice) {
  const int all = std::accumulate(kinds.begin(), kinds.end(), 0,
                                  [](int sum, const AccidentKind& kind) { return sum + kind.weight; });
  int left = static_cast<int>(dice.Below(static_cast<std::uint64_t>(all)));
  for (const AccidentKind& kind : kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return kinds.back();
}

}  // namespace

const std::vector<AccidentKind>& AllKinds() {
  static const std::vector<AccidentKind> kinds = {
      {Kind::kWorkerDies, 6},
      {Kind::kWorkerComesBack, 6},
      {Kind::kWorkerRestarts, 4},
      {Kind::kWorkerIsCloned, 2},
      {Kind::kWorkerPauses, 3},
      {Kind::kWorkerLags, 2},
      {Kind::kWorkerJoins, 3},
      {Kind::kWorkerLeaves, 2},
      {Kind::kRackDies, 2},
      {Kind::kRelayPauses, 2},
      {Kind::kRegionCutOff, 4},
      {Kind::kStatusByHand, 5},
      {Kind::kRunAllJobs, 2},
      {Kind::kKill, 3},
      {Kind::kKillMidWrite, 3},
      {Kind::kPowerLoss, 3},
      {Kind::kPowerLossMidWrite, 3},
      {Kind::kStop, 2},
      {Kind::kPause, 3},
      {Kind::kFlood, 2},
      {Kind::kWallClockJumps, 2},
      {Kind::kLongerTimeout, 1},
      {Kind::kShorterTimeout, 2},
      {Kind::kRestartOtherTimeout, 2},
      {Kind::kPortLost, 3},
      {Kind::kPortFlaps, 1},
      {Kind::kDiskFull, 3},
      {Kind::kLogWriteFails, 3},
      {Kind::kLogSyncFails, 3},
      {Kind::kDiskFails, 2},
      {Kind::kMainSyncFails, 3},
      {Kind::kDiskHangs, 2},
      {Kind::kDiskSlow, 4},
      {Kind::kFileRemoved, 1},
      {Kind::kFileReplaced, 1},
      {Kind::kMemberStuck, 4, Hole::kStuckMember},
      {Kind::kLostRaces, 2},
  };
  return kinds;
}

Plan MakePlan(std::uint64_t seed, const Choice& choice) {
  Dice dice(seed, 0);
  Plan plan;
  plan.seed = seed;
  plan.length = choice.length;
  plan.workers = choice.workers.value_or(static_cast<int>(3 + dice.Below(12) * dice.Below(12)));
  plan.daemons = choice.daemons.value_or(dice.Chance(0.2) ? static_cast<int>(2 + dice.Below(2)) : 1);
  if (dice.Chance(0.4)) {  // a fleet that is watched more closely
    plan.settings.heartbeat_timeout = dice.Chance(0.5) ? absl::Seconds(60) : absl::Seconds(30);
    plan.settings.activation_interval = absl::Seconds(5);
    plan.settings.stale_interval = plan.settings.reactivation_interval = absl::Seconds(10);
  }
  if (choice.watched_closely) {
    plan.settings.heartbeat_timeout = absl::Seconds(6);
    plan.settings.activation_interval = plan.settings.stale_interval = plan.settings.reactivation_interval =
        absl::Seconds(1);
  }
  // Agents cap it, gRPC alone goes to two minutes. Where daemons share a roll, only the first is survived.
  const bool capped = plan.daemons > 1 || (dice.Chance(0.5) && !choice.long_pauses);
  plan.max_pause = capped ? plan.settings.heartbeat_timeout / 6 : absl::Minutes(2);
  plan.sync_takes =
      dice.Chance(0.5) ? absl::ZeroDuration() : dice.Span(absl::Microseconds(100), absl::Milliseconds(20));
  plan.history = static_cast<int>(1 + dice.Below(40));
  // Enough for one moment in which everything changes: the model must see each event before it is trimmed.
  plan.max_events = 20 + 2 * plan.workers + static_cast<std::int64_t>(dice.Below(60));
  const std::vector<AccidentKind> kinds = KindsFor(choice, plan.daemons > 1);
  for (absl::Duration at = absl::Minutes(3); at < plan.length;) {
    plan.accidents.push_back({at, Pick(kinds, dice).kind, dice.Bits()});
    at += dice.Chance(0.3) ? dice.Between(absl::ZeroDuration(), absl::Seconds(3))
                           : dice.Between(absl::ZeroDuration(), 2 * choice.between);
  }
  return plan;
}

}  // namespace muster::sim

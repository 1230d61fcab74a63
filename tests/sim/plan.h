// What happens in one run of the simulation: decided in advance, from one seed. So a run can be repeated, and
// a plan with fewer accidents can be tried.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "muster/settings.h"

namespace muster::sim {

enum class Kind : std::uint8_t {
  // Workers.
  kWorkerDies,
  kWorkerComesBack,
  kWorkerRestarts,
  kWorkerIsCloned,
  kWorkerPauses,
  kWorkerLags,
  kWorkerJoins,
  kWorkerLeaves,
  kRackDies,
  kRelayPauses,
  // The network.
  kRegionCutOff,
  // People.
  kStatusByHand,
  kRunAllJobs,
  // The daemon and its machine.
  kKill,
  kKillMidWrite,
  kPowerLoss,
  kPowerLossMidWrite,
  kStop,
  kPause,
  kFlood,
  kWallClockJumps,
  kLongerTimeout,
  kShorterTimeout,
  kRestartOtherTimeout,
  kPortLost,
  kPortFlaps,
  // The disk.
  kDiskFull,
  kLogWriteFails,
  kLogSyncFails,
  kDiskFails,
  kMainSyncFails,
  kDiskHangs,
  kDiskSlow,
  kFileRemoved,
  kFileReplaced,
  // A roll that several daemons share.
  kMemberStuck,
  kLostRaces,
};

/// What today's code does not survive. Such accidents are left out, unless a plan asks for them.
enum class Hole : std::uint8_t {
  kNone,
  kStuckMember,  // a daemon of a shared roll that hears no worker
};

struct AccidentKind {
  Kind kind;
  int weight;
  Hole hole = Hole::kNone;
};
const std::vector<AccidentKind>& AllKinds();

struct Accident {
  absl::Duration at;  // since the start
  Kind kind = Kind::kKill;
  std::uint64_t luck = 0;  // decides how it goes
};

struct Plan {
  std::uint64_t seed = 1;
  int workers = 100;
  int daemons = 1;  // more than one share the roll
  absl::Duration length = absl::Hours(1);
  Settings settings;
  int history = 20;
  std::int64_t max_events = 2000;
  /// The longest pause of a client between two tries.
  absl::Duration max_pause;
  /// What a sync of the log takes.
  absl::Duration sync_takes;
  std::vector<Accident> accidents;  // ordered by time
};

struct Choice {
  std::optional<int> workers;  // else by the seed: 3 to 150
  std::optional<int> daemons;  // else by the seed: most often 1
  absl::Duration length = absl::Hours(1);
  std::vector<Hole> holes;                     // also these
  bool only_holes = false;                     // nothing else goes wrong than what shows these holes
  std::vector<Kind> only;                      // nothing else goes wrong than this; empty: whatever may
  bool watched_closely = false;                // a timeout of 6 s
  bool long_pauses = false;                    // clients pause as gRPC alone does
  absl::Duration between = absl::Seconds(40);  // two accidents, on average; they come in bursts
};
Plan MakePlan(std::uint64_t seed, const Choice& choice);

}  // namespace muster::sim

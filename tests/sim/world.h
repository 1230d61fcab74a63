// The simulated world: daemons with their disks, the fleet, and time, all on one thread.
//
//     World world(MakePlan(7, {}));
//     const Verdict verdict = world.Run();
//
// One plan is one run: nothing here depends on the machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "tests/sim/daemon.h"
#include "tests/sim/fleet.h"
#include "tests/sim/ledger.h"
#include "tests/sim/network.h"
#include "tests/sim/plan.h"
#include "tests/sim/promises.h"
#include "tests/sim/roll_on_disk.h"
#include "tests/sim/shared_roll.h"

namespace muster::sim {

struct Verdict {
  std::string broken;              // the first promise that was broken, in words; empty: none
  absl::Duration at;               // when, since the start
  std::vector<std::string> story;  // what happened, in order
  std::uint64_t fingerprint = 0;   // of all that was observed
  std::int64_t heartbeats = 0;     // that were accepted
  std::int64_t events = 0;
  std::int64_t in_doubt = 0;
  int called_offline = 0;
  int holds = 0;
  int lives = 0;  // of daemons
};

class World {
 public:
  explicit World(const Plan& plan);
  ~World();

  Verdict Run();

 private:
  friend class Accidents;

  /// Time passes, and everything runs when it is due.
  void PassUntil(absl::Duration end);
  void Advance(absl::Duration time);
  /// A disk takes this long: the part of the daemon that waits for it stands still.
  void Stall(absl::Duration time);
  void RunDaemons();
  void Observe();
  void Compare(std::uint64_t one_in);
  /// Everything is repaired; then every worker has the right status.
  void Settle();
  /// The store can do all the work that waits, and its file then holds what it should, and no more.
  void CheckFile();
  void StartDaemon(std::size_t number);
  void Tell(std::string what);
  /// The file of the roll has lost its name: the run ends soon after.
  void FileIsGone();
  /// Operations of people: once, without a second try.
  void Unregister(const std::string& id);
  void UpdateStatus(UpdateWorkerStatusCommand command);
  bool Hears() const;
  /// An outage begins or ends that every call meets. Meanwhile the clock of the daemon must stand.
  void BeginOutage();
  void EndOutage();
  void CheckClockStands();
  absl::Duration now() const { return clock_.MonotonicNow() - start_; }
  /// The longest timeout of all daemons, which is in force on the roll, and the longest intervals.
  Settings InForce() const;
  absl::Duration ShortestTimeout() const;
  /// The daemon whose view of the roll is compared; null if none is up.
  Daemon* Observed() const;

  const Plan plan_;
  ManualClock clock_;
  const absl::Duration start_;
  ManualExecutor clients_;    // the timers of the fleet
  ManualExecutor accidents_;  // these run only while no part of a daemon is under way
  Ledger ledger_;
  Promises promises_;
  std::unique_ptr<RollOnDisk> disk_;    // of the only daemon
  std::unique_ptr<SharedRoll> shared_;  // of several
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::unique_ptr<Network> network_;
  std::optional<Surroundings> around_;
  std::unique_ptr<Fleet> fleet_;
  int stalls_ = 0;                   // how many parts of daemons wait for a disk now
  int long_stalls_ = 0;              // of these, those that last longer than a client waits
  int troubles_ = 0;                 // why the store cannot be written now, as the simulation knows
  bool hangs_once_ = false;          // the disk, at its next sync
  absl::Duration away_after_death_;  // after a death in the middle of a write
  std::uint64_t checks_ = 0;
  int outages_ = 0;  // under way
  absl::Duration slow_until_;
  std::optional<ListeningTime> clock_at_outage_;
  bool ends_early_ = false;
  bool file_gone_ = false;  // of the roll: it has lost its name
  int lives_ = 0;
  std::int64_t job_failures_ = 0;
  std::vector<std::string> story_;
};

}  // namespace muster::sim

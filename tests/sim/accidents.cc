#include "tests/sim/accidents.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/commands.h"

namespace muster::sim {
namespace {

std::string Words(absl::Duration time) {
  return absl::FormatDuration(
      absl::Trunc(time, time < absl::Seconds(10) ? absl::Milliseconds(10) : absl::Seconds(1)));
}

constexpr int kAlways = 1 << 30;
constexpr absl::Duration kShortestTimeout = absl::Seconds(12);

// Nothing if it would not fit the other settings.
std::optional<Settings> OtherTimeout(Settings settings, bool longer) {
  settings.heartbeat_timeout = longer ? std::min(settings.heartbeat_timeout * 2, absl::Minutes(8))
                                      : std::max(settings.heartbeat_timeout / 4, kShortestTimeout);
  for (absl::Duration* interval :
       {&settings.activation_interval, &settings.stale_interval, &settings.reactivation_interval}) {
    *interval = std::min(*interval, settings.heartbeat_timeout / 4);
  }
  return Validate(settings) ? std::nullopt : std::optional(settings);
}

}  // namespace

void Accidents::Repair(absl::Duration after, Task repair) {
  world_.clients_.PostAt(world_.clock_.MonotonicNow() + after, std::move(repair));
}

void Accidents::Happen(const Accident& accident) {
  Dice dice(accident.luck);
  switch (accident.kind) {
    case Kind::kKill:
    case Kind::kPowerLoss:
    case Kind::kStop:
    case Kind::kPause:
    case Kind::kFlood:
    case Kind::kWallClockJumps:
    case Kind::kLongerTimeout:
    case Kind::kShorterTimeout:
    case Kind::kRestartOtherTimeout:
    case Kind::kPortLost:
    case Kind::kPortFlaps:
    case Kind::kRunAllJobs:
      return ToDaemon(accident.kind, dice);
    case Kind::kKillMidWrite:
    case Kind::kPowerLossMidWrite:
    case Kind::kDiskFull:
    case Kind::kLogWriteFails:
    case Kind::kLogSyncFails:
    case Kind::kMainSyncFails:
    case Kind::kDiskFails:
    case Kind::kDiskHangs:
    case Kind::kDiskSlow:
    case Kind::kFileRemoved:
    case Kind::kFileReplaced:
      if (world_.disk_ != nullptr) return ToDisk(accident.kind, dice);
      return ToSharedRoll(Kind::kDiskFails, dice);
    case Kind::kMemberStuck:
    case Kind::kLostRaces:
      return ToSharedRoll(accident.kind, dice);
    case Kind::kStatusByHand:
      return ByHand(dice);
    default:
      return ToWorker(accident.kind, dice);
  }
}

void Accidents::ToWorker(Kind kind, Dice& dice) {
  Fleet& fleet = *world_.fleet_;
  const std::string id = fleet.AnyWorker(dice);
  const std::string region = fleet.AnyRegion(dice);
  const absl::Duration now = world_.clock_.MonotonicNow();
  switch (kind) {
    case Kind::kWorkerDies:
      if (!fleet.Alive(id)) return;
      fleet.Die(id);
      return world_.Tell(absl::StrCat(id, " dies"));
    case Kind::kWorkerComesBack:
      if (fleet.Alive(id)) return;
      fleet.Restart(id);
      return world_.Tell(absl::StrCat(id, " comes back, as a new process"));
    case Kind::kWorkerRestarts:
      fleet.Restart(id);
      return world_.Tell(absl::StrCat(id, " restarts, as a new process"));
    case Kind::kWorkerIsCloned:
      if (!fleet.Alive(id)) return;
      fleet.Clone(id);
      return world_.Tell(absl::StrCat("a second process takes ", id, " over, and the first goes on"));
    case Kind::kWorkerPauses: {
      const absl::Duration span = dice.Span(absl::Seconds(1), absl::Minutes(20));
      if (!fleet.Alive(id)) return;
      fleet.PauseUntil(id, now + span);
      return world_.Tell(absl::StrCat(id, " hangs for ", Words(span)));
    }
    case Kind::kWorkerLags: {
      const absl::Duration lag = dice.Between(absl::ZeroDuration(), kShortestTimeout / 10);
      fleet.Lag(id, lag);
      return world_.Tell(absl::StrCat("from now on the calls of ", id, " take ", Words(lag)));
    }
    case Kind::kWorkerJoins:
      return world_.Tell(absl::StrCat(fleet.Join(), " joins"));
    case Kind::kWorkerLeaves: {
      fleet.Die(id);
      world_.Tell(absl::StrCat(id, " ends, and is unregistered"));
      return world_.Unregister(id);
    }
    case Kind::kRackDies:
      return world_.Tell(absl::StrCat("all ", fleet.RackDies(region), " workers of ", region, " die"));
    case Kind::kRelayPauses: {
      const absl::Duration span = dice.Span(absl::Seconds(1), absl::Minutes(10));
      const std::string relayed = fleet.PauseRelay(dice, now + span);
      if (relayed.empty()) return;
      return world_.Tell(absl::StrCat("the relay of ", relayed, " hangs for ", Words(span)));
    }
    default: {
      const absl::Duration span = dice.Span(absl::Seconds(20), absl::Minutes(20));
      fleet.CutOff(region, now + span);
      return world_.Tell(absl::StrCat(region, " is cut off for ", Words(span)));
    }
  }
}

void Accidents::ByHand(Dice& dice) {
  const std::string id = world_.fleet_->AnyWorker(dice);
  constexpr WorkerStatus kStatuses[] = {WorkerStatus::kActive, WorkerStatus::kActive, WorkerStatus::kOffline,
                                        WorkerStatus::kOffline, WorkerStatus::kFailed};
  UpdateWorkerStatusCommand command;
  command.worker_id = id;
  command.status = kStatuses[dice.Below(std::size(kStatuses))];
  command.reason = "by hand";
  if (dice.Chance(0.2)) command.expected_status = WorkerStatus::kActive;
  world_.Tell(absl::StrCat(id, " is set to ", std::string(StatusName(command.status)), " by hand"));
  world_.UpdateStatus(std::move(command));
}

void Accidents::StartAgain(std::size_t daemon, absl::Duration away) {
  world_.accidents_.PostAt(world_.clock_.MonotonicNow() + away,
                           [this, daemon] { world_.StartDaemon(daemon); });
}

void Accidents::ToDaemon(Kind kind, Dice& dice) {
  const std::size_t number = dice.Below(world_.daemons_.size());
  Daemon& daemon = *world_.daemons_[number];
  const std::string name = world_.daemons_.size() == 1 ? "the daemon" : absl::StrCat("daemon ", number);
  const absl::Duration span = Outage(dice);
  if (!daemon.up()) return;
  switch (kind) {
    case Kind::kKill:
      world_.Tell(absl::StrCat(name, " is killed, and away for ", Words(span)));
      daemon.Kill();
      return StartAgain(number, span);
    case Kind::kPowerLoss:
      world_.Tell(absl::StrCat(name, "'s machine loses power, for ", Words(span)));
      if (world_.disk_ != nullptr) world_.disk_->LosePower();
      daemon.Kill();
      return StartAgain(number, span);
    case Kind::kStop:
      world_.Tell(absl::StrCat(name, " is stopped in order, for ", Words(span)));
      daemon.Stop();
      return StartAgain(number, span);
    case Kind::kPause:
      if (daemon.paused()) return;
      world_.Tell(absl::StrCat(name, " is stopped by a signal, for ", Words(span)));
      daemon.Pause();
      return Repair(span, [&daemon] { daemon.Resume(); });
    case Kind::kFlood:
      world_.Tell(absl::StrCat(name, " is flooded"));
      return Flood(dice);
    case Kind::kWallClockJumps: {
      const absl::Duration step = dice.Between(-absl::Hours(8760), absl::Hours(8760));
      world_.Tell(absl::StrCat("the wall clock is set by ", Words(step)));
      return world_.clock_.StepWall(step);
    }
    case Kind::kLongerTimeout:
    case Kind::kShorterTimeout: {
      const std::optional<Settings> settings = OtherTimeout(daemon.settings(), kind == Kind::kLongerTimeout);
      if (!settings) return;
      world_.Tell(absl::StrCat("the timeout becomes ", Words(settings->heartbeat_timeout)));
      world_.promises_.TimeoutWas(world_.InForce().heartbeat_timeout);
      for (const auto& each : world_.daemons_) each->SetSettings(*settings);
      return;
    }
    case Kind::kRestartOtherTimeout: {
      const std::optional<Settings> settings = OtherTimeout(daemon.settings(), dice.Chance(0.4));
      if (!settings) return;
      world_.Tell(absl::StrCat(name, " is killed, and starts after ", Words(span), " with a timeout of ",
                               Words(settings->heartbeat_timeout)));
      daemon.Kill();
      world_.promises_.TimeoutWas(world_.InForce().heartbeat_timeout);
      daemon.SetSettings(*settings);
      return StartAgain(number, span);
    }
    case Kind::kPortLost:
    case Kind::kPortFlaps: {
      if (!daemon.reachable()) return;
      const absl::Duration lost =
          kind == Kind::kPortLost ? span : dice.Between(absl::ZeroDuration(), absl::Seconds(2));
      world_.Tell(absl::StrCat(name, " loses its port for ", Words(lost)));
      daemon.ClosePort();
      if (world_.daemons_.size() == 1) world_.BeginOutage();
      return Repair(lost, [this, &daemon] {
        if (world_.daemons_.size() == 1) world_.EndOutage();
        daemon.OpenPort();
      });
    }
    default:
      world_.Tell(absl::StrCat(name, " is told to run all jobs"));
      if (daemon.paused()) return;
      return daemon.registry().RunAllJobs([](const Result<SchedulerReport>&) {});
  }
}

// Thousands of calls at once, for workers that do not exist.
void Accidents::Flood(Dice& dice) {
  Daemon& daemon = *world_.daemons_[dice.Below(world_.daemons_.size())];
  const std::uint64_t calls = 100 + dice.Below(20'000);
  for (std::uint64_t i = 0; i < calls && daemon.reachable(); ++i) {
    daemon.Send<HeartbeatReceipt>(
        "stranger", /*heartbeat=*/true,
        [](WriteTx& tx, const Moment& at) {
          HeartbeatCommand command;
          command.worker_id = "stranger";
          return RecordHeartbeat(command, absl::Minutes(2), tx, at);
        },
        [](const Answer<HeartbeatReceipt>&) {});
  }
}

void Accidents::Trouble(absl::Duration time, Task repair) {
  ++world_.troubles_;
  Repair(time, [this, repair = std::move(repair)]() mutable {
    repair();
    --world_.troubles_;
  });
}

void Accidents::DieMidWrite(bool power, Dice& dice) {
  const int operations = static_cast<int>(1 + dice.Below(dice.Chance(0.5) ? 4 : 400));
  world_.disk_->disk().DieAfter(operations, power);
  world_.away_after_death_ = Outage(dice);
  world_.Tell(absl::StrCat(power ? "the machine loses power" : "the daemon is killed",
                           " in the middle of write ", operations, " from now, and is away for ",
                           Words(world_.away_after_death_)));
}

void Accidents::ToDisk(Kind kind, Dice& dice) {
  Disk::Faults& faults = world_.disk_->disk().faults;
  const absl::Duration span = dice.Span(absl::Seconds(1), absl::Minutes(10));
  const absl::Duration timeout = world_.daemons_[0]->settings().heartbeat_timeout;
  constexpr int kErrors[] = {EIO, ENOSPC, EDQUOT};
  faults.error = kErrors[dice.Below(std::size(kErrors))];
  const int times = static_cast<int>(1 + dice.Below(3));
  switch (kind) {
    case Kind::kKillMidWrite:
    case Kind::kPowerLossMidWrite:
      return DieMidWrite(kind == Kind::kPowerLossMidWrite, dice);
    case Kind::kDiskFull:
      if (faults.full) return;
      world_.Tell(absl::StrCat("the disk is full for ", Words(span)));
      faults.full = true;
      return Trouble(span, [&faults] { faults.full = false; });
    case Kind::kLogWriteFails:
      world_.Tell(absl::StrCat(times, " writes of the log fail"));
      faults.fail_log_writes += times;
      return Trouble(absl::Seconds(30), [] {});
    case Kind::kDiskFails:
      if (std::exchange(disk_fails_, true)) return;
      world_.Tell(absl::StrCat("the disk fails for ", Words(span)));
      faults.fail_log_writes = faults.fail_main_writes = kAlways;
      world_.BeginOutage();
      return Trouble(span, [this, &faults] {
        world_.EndOutage();
        faults.fail_log_writes = faults.fail_main_writes = 0;
        disk_fails_ = false;
      });
    case Kind::kLogSyncFails:
      world_.Tell(absl::StrCat(times, " syncs of the log fail"));
      faults.fail_log_syncs += times;
      return Trouble(absl::Seconds(30), [] {});
    case Kind::kMainSyncFails:
      world_.Tell(absl::StrCat(times, " syncs of the database fail"));
      faults.fail_main_syncs += times;
      return;
    case Kind::kDiskHangs: {
      // Once, and longer than any client waits.
      const absl::Duration hang = dice.Span(absl::Seconds(12), absl::Minutes(5));
      world_.Tell(absl::StrCat("the next sync of the log takes ", Words(hang)));
      faults.log_sync_takes = hang;
      world_.hangs_once_ = true;
      return;
    }
    case Kind::kDiskSlow: {
      const absl::Duration each = dice.Between(timeout / 40, timeout / 4);
      world_.Tell(absl::StrCat("each sync of the log takes ", Words(each), ", for ", Words(span)));
      faults.log_sync_takes = each;
      return Repair(span, [this, &faults] { faults.log_sync_takes = world_.plan_.sync_takes; });
    }
    default: {
      if (!world_.daemons_[0]->up()) return;
      const char* const part = dice.Chance(0.5) ? "" : "-wal";
      const std::string path = world_.disk_->path() + part;
      if (kind == Kind::kFileRemoved) {
        world_.Tell(absl::StrCat("roll.db", part, " is removed by hand"));
        world_.disk_->disk().Remove(path);
      } else {
        world_.Tell(absl::StrCat("roll.db", part, " is replaced by a copy of itself"));
        world_.disk_->disk().Replace(path, world_.disk_->disk().Read(path).value_or(""));
      }
      return world_.FileIsGone();
    }
  }
}

void Accidents::ToSharedRoll(Kind kind, Dice& dice) {
  if (world_.shared_ == nullptr) return;
  SharedRoll& roll = *world_.shared_;
  const absl::Duration span = dice.Span(absl::Seconds(1), absl::Minutes(10));
  switch (kind) {
    case Kind::kMemberStuck: {
      const std::size_t member = dice.Below(world_.daemons_.size());
      roll.HoldUntil(member, world_.clock_.MonotonicNow() + span);
      return world_.Tell(absl::StrCat("the transactions of daemon ", member, " hang for ", Words(span)));
    }
    case Kind::kLostRaces:
      roll.lost_races = static_cast<int>(1 + dice.Below(20));
      return world_.Tell(absl::StrCat("other daemons are faster, ", roll.lost_races, " times"));
    default:
      if (roll.away) return;
      world_.Tell(absl::StrCat("the database is away for ", Words(span)));
      roll.away = true;
      return Trouble(span, [&roll] { roll.away = false; });
  }
}

}  // namespace muster::sim

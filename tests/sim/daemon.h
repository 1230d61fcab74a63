// One simulated daemon, through all of its lives: the real registry and the real jobs, over a home that
// outlives it, driven by the one thread of the simulation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "jobs/scheduled_jobs.h"
#include "muster/registry.h"
#include "muster/settings.h"
#include "registry/self_probe.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "tests/sim/dice.h"
#include "tests/sim/home.h"
#include "tests/sim/sent.h"

namespace muster::sim {

class Daemon {
 public:
  /// Home and clock must outlive it.
  Daemon(Home& home, const ManualClock& clock, const Settings& settings, Dice dice);
  ~Daemon();

  /// Opens the roll and begins to listen. On an error it stays down.
  absl::Status Start();
  /// In order, as after SIGTERM: answers what waits, and closes the roll.
  void Stop();
  /// kill -9. What waits is never answered.
  void Kill();
  /// SIGSTOP and SIGCONT. Meanwhile calls wait in the sockets.
  void Pause() { paused_ = true; }
  void Resume() { paused_ = false; }
  /// A port that is closed refuses calls.
  void ClosePort() { port_open_ = false; }
  void OpenPort() { port_open_ = true; }
  void SetSettings(const Settings& settings);

  bool up() const { return life_ != nullptr; }
  bool paused() const { return paused_; }
  bool port_open() const { return port_open_; }
  bool reachable() const { return up() && port_open_; }
  /// Its disk failed so that it has to end, and to start again: Stop it.
  bool must_end() const { return up() && *must_end_; }
  /// It died in the middle of something: Kill it.
  bool died() const { return up() && home_.dead(); }
  const Settings& settings() const { return settings_; }
  /// Of this life. Precondition: up.
  Registry& registry() { return life_->registry; }
  /// All the work of the store that can wait.
  void MaintainStore();
  const ScanReads& reads() const { return life_->store->Reader(); }

  /// Runs what is due, unless it is paused. Where a part of it waits for the disk, the rest runs.
  void RunDue();
  std::optional<absl::Duration> NextDeadline();

  /// A call arrives. `answered` is called exactly once.
  template <typename T>
  void Send(std::string worker_id, bool heartbeat, Decision<T> apply, Answered<T> answered) {
    Receive([this, worker_id = std::move(worker_id), heartbeat, apply = std::move(apply),
             answered = std::move(answered)]() mutable {
      if (!up()) return answered({});
      life_->registry.SubmitOwned(std::make_unique<Sent<T>>(std::move(worker_id), heartbeat, std::move(apply),
                                                            std::move(answered), death()));
    });
  }
  /// Runs `call` as soon as the daemon takes calls; if it dies before that, when it is dead.
  void Receive(Task call);
  /// Of this life. Precondition: up.
  Death death() const { return {home_, life_->killed}; }

 private:
  struct Life {
    Life(std::unique_ptr<Store> opened, Daemon& daemon);

    std::shared_ptr<bool> killed = std::make_shared<bool>(false);
    Store* store;
    Registry registry;
    SelfProbe probe;
    ScheduledJobs jobs;
  };

  void End();
  /// Until there is nothing to do, or time has passed while it waited for the disk: then the world goes
  /// first.
  void RunSome(ManualExecutor& executor);
  void TakeWaitingCalls();

  Home& home_;
  const ManualClock& clock_;
  Settings settings_;
  DiceRandom random_;
  // Of this life; they outlive the store that uses them.
  std::unique_ptr<ManualExecutor> writer_;
  std::unique_ptr<ManualExecutor> background_;
  std::unique_ptr<ManualExecutor> prober_;
  std::unique_ptr<Life> life_;
  bool writer_runs_ = false;
  bool background_runs_ = false;
  std::shared_ptr<bool> must_end_ = std::make_shared<bool>(false);  // of this life
  bool paused_ = false;
  bool port_open_ = true;
  std::vector<Task> waiting_;  // calls, in the sockets
};

}  // namespace muster::sim

// One process of a worker: it registers, sends heartbeats at the advised pace, and finds its way back as a
// gRPC client does, with a pause that grows while no daemon answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "runtime/executor.h"
#include "tests/sim/dice.h"
#include "tests/sim/ledger.h"
#include "tests/sim/network.h"

namespace muster::sim {

/// What all processes share. All of it outlives them.
struct Surroundings {
  const ManualClock& clock;
  ManualExecutor& timers;
  Network& network;
  Ledger& ledger;
  absl::Duration max_pause;  // between two tries to connect, where the timeout is this:
  absl::Duration timeout;    // an agent that was told a shorter one pauses less
  absl::Duration grid;       // calls arrive at multiples of this: in large fleets, many at once
};

class Process : public std::enable_shared_from_this<Process> {
 public:
  struct Identity {
    std::string worker;
    std::string instance;
    std::string region;
    bool takes_over = false;  // replaces the process that held the id
    bool stubborn = false;    // goes on after it was superseded
  };
  Process(const Surroundings& around, Identity identity, Dice dice);

  /// Registers, and then sends heartbeats for as long as it lives.
  void Start();
  void Die() { alive_ = false; }
  /// It is stopped, or hangs.
  void PauseUntil(absl::Duration until) {
    paused_until_ = std::max(paused_until_, until);
    ImpairedUntil(until);
  }
  /// Each of its calls takes so long to arrive.
  void Lag(absl::Duration lag) { lag_ = lag; }
  /// A relay sends its heartbeats.
  void HandOver() { relayed_ = true; }

  bool alive() const { return alive_; }
  bool registered() const { return registered_; }
  bool relayed() const { return relayed_; }
  const Identity& identity() const { return identity_; }
  /// Until when something kept it from being heard that was not the daemon's fault.
  absl::Duration impaired_until() const { return impaired_until_; }
  void ImpairedUntil(absl::Duration until) { impaired_until_ = std::max(impaired_until_, until); }

 private:
  /// Calls `next` after `pause`, if it lives then; after that, when it runs again.
  void After(absl::Duration pause, void (Process::*next)());
  /// The call that was begun arrives after its lag, unless it was given up.
  void Travel(void (Process::*arrive)());
  void Register();
  void SendRegister();
  void Registered(const Answer<WorkerView>& answer);
  void Beat();
  void SendBeat();
  void Heard(const Answer<HeartbeatReceipt>& answer, absl::Duration advised);
  /// The call got no answer, or none that helps: tries again, later and later.
  void TryAgain(void (Process::*what)());
  /// The deadline of the call that is under way now.
  void GiveUpAfter(void (Process::*what)());
  absl::Duration now() const { return around_.clock.MonotonicNow(); }

  const Surroundings& around_;
  const Identity identity_;
  Dice dice_;
  const std::int32_t capacity_;
  bool alive_ = true;
  bool registered_ = false;
  bool relayed_ = false;
  absl::Duration paused_until_;
  absl::Duration impaired_until_;
  absl::Duration lag_;
  absl::Duration pause_;
  absl::Duration told_;      // the timeout, with the last answer
  std::size_t daemon_;       // which one it asks first
  std::uint64_t call_ = 0;   // the call whose answer it waits for
  Daemon* asked_ = nullptr;  // by that call
};

}  // namespace muster::sim

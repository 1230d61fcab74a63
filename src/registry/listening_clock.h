// The listening clock: how much time has passed in which workers could have been heard.
//
// Silence is measured on this clock alone, so time in which no worker could be heard never counts as
// silence. The clock is a state machine. Its input is readings of the monotonic clock and the results of
// commits. It reads no clock, does no I/O, and does not use the wall clock. Not thread-safe.
//
// The rules:
//   1. Between two readings the clock advances by the time that passed, but by two ticks at most. A tick is
// a
//      second, or a twentieth of the timeout where that is shorter: the writer reads the clock so often when
// it
//      has nothing else to do.
//   2. An outage is: the time before a start; a gap of more than four ticks between two readings (stopped,
//      asleep, stuck); and the time from a failed commit to the next one that works. The clock stands still.
//   3. After an outage the clock stands still for a reconnect allowance (a third of the timeout) as well. In
//      this time workers can reconnect before their silence counts again.
//   4. The allowance is paid from a credit, which can hold one full allowance. It is paid as it passes, and
// a
//      third of the time for which the clock advances is earned back. So with any number of outages at least
//      three quarters of the time in which the daemon hears (minus one allowance) are counted, and a daemon
//      that restarts all the time still finds dead workers.
//   5. A roll that was never written starts at zero with full credit, and listens at once.
//
// An example: a timeout of 120 s, so ticks of 1 s and an allowance of 40 s.
//      passes                                         the clock       credit
//      100 s of work                                  100             40
//      an hour of SIGSTOP                             100             40     rule 2
//       40 s of work                                  100              0     rules 3, 4
//       60 s of work                                  160             20     rule 4
//      killed, away for a night, started again        160             20
//       20 s of work                                  160              0     all the credit that there was
//       10 s of work                                  170              3.3
//   A worker last heard at 100 is silent for 70 s: neither the hour nor the night counts against it.
//
// A crash loses the time since the state was last stored, a few seconds at most. So a worker may be called
// Offline that much later, but never earlier.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/settings.h"
#include "store/store.h"

namespace muster {

class ListeningClock {
 public:
  /// The clock must be read at least this often.
  static absl::Duration Tick(const Settings& settings);

  /// `last` is the state that the previous run stored, if there was one; `because` says why that run ended.
  void Start(absl::Duration monotonic, const std::optional<ListeningState>& last, const Settings& settings,
             std::string because = "the daemon was started again");
  void Configure(const Settings& settings);

  void Observe(absl::Duration monotonic);
  /// A commit failed at the time of the last reading: the store is away.
  void StoreFailed();
  /// A commit worked.
  void StoreWorks();
  /// Workers may have to find another way to be heard: an allowance begins.
  void Allow(std::string because) { BeginAllowance(std::move(because)); }
  /// Advances by the smallest step, so that a commit has something to write and shows whether the store is
  /// back.
  void Nudge() { now_ = now_ + absl::Microseconds(1); }

  ListeningTime now() const { return now_; }
  ListeningState state() const { return {now_, credit_}; }
  bool store_away() const { return store_away_; }
  /// Why the clock stands still at `monotonic`, and for how much longer; empty while it advances.
  std::string NotListeningBecause(absl::Duration monotonic) const;

 private:
  void BeginAllowance(std::string because);

  absl::Duration tick_;
  absl::Duration allowance_;

  bool started_ = false;
  absl::Duration observed_;  // the last reading
  ListeningTime now_;
  absl::Duration credit_;
  absl::Duration allowed_;  // what is left of the current allowance
  bool store_away_ = false;
  std::string because_;  // the last outage
};

}  // namespace muster

// The listening clock: how much time has passed in which workers could have been heard.
//
// Silence is measured on this clock alone, so time in which nobody could be heard is never counted as
// anybody's silence. It is a state machine, fed with readings of the monotonic clock and with how commits
// went; it reads no clock, does no I/O, and knows nothing of the wall clock. Not thread-safe.
//
// The rule
//   1. Between two readings the clock advances by what passed, by two ticks at most. A tick (a second, or a
//   twentieth
//      of the timeout where that is shorter) is how often the writer reads when it has nothing else to do.
//   2. An outage is: the time before a start; a gap of more than four ticks between two readings (stopped,
//   asleep,
//      stuck); and the time from a failed commit to the next one that works. The clock stands still.
//   3. After an outage it stands still on, for a reconnect allowance (a third of the timeout), so that
//   workers find
//      their way back before their silence counts again.
//   4. The allowance is paid from a credit, which an allowance fills. It is paid as it passes, and a third of
//   the time
//      for which the clock advances is earned back. So whatever the number of outages, at least three
//      quarters of the time in which the daemon hears, but for one allowance, are counted, and a daemon that
//      restarts for ever still finds the dead.
//   5. A roll that was never written starts at zero, with full credit, and listens at once.
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
//   A worker last heard at 100 is silent for 70 s: not a moment of the hour and the night is held against it.
//
// A crash loses what passed since the state was last stored, seconds at most: an Offline comes that much
// later, never earlier.
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
  /// How often the clock wants to be read at least.
  static absl::Duration Tick(const Settings& settings);

  /// `last` is what was stored by the run before, if there was one; `because` says what became of that.
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
  /// Moves on by the smallest step, so that a commit has something to write and shows whether the store is
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
  absl::Duration allowed_;  // what is left of the allowance under way
  bool store_away_ = false;
  std::string because_;  // the last outage
};

}  // namespace muster

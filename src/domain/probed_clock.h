// The listening clock of one daemon that listens to itself: how much time was proven to be time in which its
// workers could have been heard. Silence is measured on this clock alone. Pure: a state machine that reads
// no clock and does no I/O. Not thread-safe.
//
// The rules (T is the heartbeat timeout; a tick is a second, or T/20 where that is shorter):
//   1. Each listening socket is probed by itself, one probe under way at a time. A probe is good if it was
//      answered within 10 s, or 2/3 T where that is shorter. Good probes, however slow, prove that the socket
//      heard from the sending of the first one to the sending of the last one.
//   2. The proven moment is the latest moment up to which every socket was proven. Up to there all time
//      counts, if the probing thread ticked on time: a gap of up to four ticks counts for two at most.
//   3. The clock is blind if a probe fails or is late, if a socket is not probed, if the probing thread does
//      not tick for more than four ticks (stopped, asleep), or if a commit fails. It has then been blind
//      since the proven moment, not since the discovery. What was under way proves nothing, where the
//      process or the store was away. It hears again from the moment at which good probes of all sockets
//      were sent; after a failed commit, sent when a commit had worked. Before its first proof it is blind
//      since the proven moment that was stored last.
//   4. After a blind time of length D workers get an allowance of max(T/3, min(D, 150 s)) (allowance.h). It
//      is paid as proven time passes, from a credit that holds max(T/3, 150 s); a third of the time for
//      which the clock advances is earned back. An allowance that is under way is never cut short: not by a
//      reload, and not by a restart.
//   5. A roll that was never written starts at zero with full credit, and counts from its first proof.
//
// Two readings. `proven` is what rule 2 counts, without what pays for allowances; cutoffs, allowances and the
// stored state use it. `Running` stamps heartbeats. It shows, for this very moment, the most that `proven`
// can ever come to show for it: as if each probe that is under way, or would be sent now, will prove good.
// So:
//   - no heartbeat gets a stamp that is earlier than the proven time at which it was accepted;
//   - a worker that was heard less than T ago (in time in which the daemon hears) is never stale.
// While time counts, the running reading goes on and leads by the age of the last proof. During an allowance
// it stands until the proven reading catches up with it. In blind time it stands where it was, or moves on as
// far as the probes that are under way could still prove. It never goes back while the process lives, and
// never leads by more than two limits of a probe and some ticks. A dead worker is found that much later.
//
// An example: T = 120 s, so ticks of 1 s, a limit of 10 s, and a full credit of 150 s. Answers take no time.
//      passes                                         proven      credit
//      100 s of work                                  100            150
//      an hour of SIGSTOP                             100            150    rule 3
//      150 s of work                                  100              0    rule 4: D is an hour
//       60 s of work                                  160             20    rule 4
//      killed, away for 9 s, started again            160             20
//       20 s of work                                  160              0    all the credit that there was
//       60 s of work, each answer takes 9 s           151 to 160 of 220     rule 1: it counts, up to 9 s late
//      the disk hangs for 14 s                        where it was          rule 3
//
// A crash loses what was proven since the state was last stored. So a worker may be called Offline that much
// later, but never earlier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/allowance.h"
#include "muster/blind_times.h"
#include "muster/clock.h"
#include "muster/settings.h"

namespace muster {

/// The part of the clock that survives a restart.
struct ProvenState {
  ListeningTime proven;
  absl::Duration credit = {};
  absl::Duration allowance_left = {};
  /// The proven moment: /proc/sys/kernel/random/boot_id, and CLOCK_BOOTTIME. An empty id is unknown, and
  /// equal to no other. Of the proven moment, not of the write: a daemon that is deaf for an hour and then
  /// restarted was blind for an hour.
  std::string boot_id = {};
  absl::Duration proven_at = {};

  friend bool operator==(const ProvenState&, const ProvenState&) = default;
};

/// All times are readings of Clock::MonotonicNow, which is CLOCK_BOOTTIME: it goes on while the machine
/// sleeps. They come from several threads under one lock; a reading that is earlier than one before it is
/// taken for that one.
class ProbedClock {
 public:
  /// A gap of more ticks is a time in which nothing ran; one of fewer counts for two ticks at most.
  static constexpr int kTicksToAGap = 4;
  static constexpr int kMaxTicksCounted = 2;

  /// The probing thread ticks so often.
  static absl::Duration TickLength(const Settings& settings);
  /// A probe that is answered later than this is not good.
  static absl::Duration ProbeLimit(const Settings& settings);

  /// Once. `sockets` are the names, for people, of the sockets that are probed: one at least. `last` is what
  /// the previous run stored, if there was one; `because` says why that run ended.
  void Start(absl::Duration monotonic, std::string boot_id, const std::optional<ProvenState>& last,
             std::vector<std::string> sockets, const Settings& settings,
             std::string because = "the daemon was started again");
  void Configure(const Settings& settings);

  // From the probing thread. `socket` is an index into `sockets`; `sent` names the probe. An answer or a
  // failure of a probe that is not under way (any longer) says nothing.
  void Tick(absl::Duration monotonic);
  void ProbeSent(std::size_t socket, absl::Duration monotonic);
  void ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration monotonic);
  /// Refused, reset, or a wrong answer: `why` is for people.
  void ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why, absl::Duration monotonic);

  // From the writer.
  void CommitFailed(absl::Duration monotonic);
  void CommitWorked() { store_away_ = false; }
  /// Workers may have to find another way to be heard: an allowance as after a blind time of no length.
  void Allow(std::string because);
  /// The daemon drains: nothing counts from here on.
  void Stop() { stopped_ = true; }

  ListeningTime proven() const;
  /// The stamp of a heartbeat that is accepted now.
  ListeningTime Running(absl::Duration monotonic);
  ProvenState stored_state() const;

  /// The workers can reach the daemon now, as far as it knows. Readiness follows this and not the clock:
  /// during an allowance the daemon is ready.
  bool hears(absl::Duration monotonic) const { return DeafBecause(monotonic).empty(); }
  /// Why they cannot; empty while they can.
  std::string DeafBecause(absl::Duration monotonic) const;
  /// It hears, and time counts as silence.
  bool listening(absl::Duration monotonic) const { return NotListeningBecause(monotonic).empty(); }
  /// Why the clock stands still, and for how much longer; empty while it advances.
  std::string NotListeningBecause(absl::Duration monotonic) const;

  /// For the report to a shared roll: how old the proof is, and how often the clock was blind since Start.
  absl::Duration ProofAge(absl::Duration monotonic) const { return monotonic - proven_to_.at; }
  std::int64_t blind_times() const { return blind_times_; }
  /// By cause, since Start; with the blind time that goes on now.
  BlindTimes BlindFor(absl::Duration monotonic) const;
  bool store_away() const { return store_away_; }

 private:
  // A moment, and how much time the probing thread had ticked by then.
  struct Mark {
    absl::Duration at;
    absl::Duration ticked;
  };
  struct Probe {
    Mark sent;
    absl::Duration due;
  };
  struct Socket {
    std::string name;
    std::optional<Mark> hears_since;  // when the first good probe since it was last deaf was sent
    Mark proven_to;                   // when the last one was sent
    std::optional<Probe> under_way;
    absl::Duration idle_since;  // no probe has been under way since
    std::string why_deaf;
  };

  void Read(absl::Duration monotonic);
  void Deafen(Socket& socket, std::string why, absl::Duration monotonic);
  void DeafenAll(absl::Duration monotonic);
  void GoBlind(BlindCause cause, std::string because);
  void Advance();
  void Count(absl::Duration heard);
  absl::Duration Unproven(absl::Duration monotonic) const;
  absl::Duration BlindSoFar(absl::Duration until) const;

  absl::Duration timeout_;
  absl::Duration tick_;
  absl::Duration tick_due_;  // the tick by which the next reading is judged
  absl::Duration limit_;

  std::string boot_id_;
  absl::Duration read_at_;  // the last reading of the probing thread
  absl::Duration ticked_;   // what its readings count for
  std::vector<Socket> sockets_;

  bool first_ = false;  // the roll was never written, and nothing is proven yet
  bool blind_ = true;
  bool store_away_ = false;
  bool stopped_ = false;
  std::int64_t blind_times_ = 0;
  BlindCause cause_ = BlindCause::kStarting;  // of the last blind time
  std::string because_;                       // of the last blind time or allowance
  BlindTimes blind_for_ = {};                 // that are over
  absl::Duration started_at_;

  // Up to where it is proven. The boot of that moment is empty if its distance is not known.
  Mark proven_to_;
  std::string proven_boot_;
  absl::Duration proven_;
  absl::Duration running_;
  AllowanceCredit allowance_;
};

}  // namespace muster

// The listening clock of a roll that several daemons share: it advances only by time in which every member
// heard. Pure: a state machine, driven by the leader from what it reads in the database. Not thread-safe. The
// registry takes it over together with the probe (probed_clock.h).
//
// The rules (T is the heartbeat timeout; a tick is that of ProbedClock):
//   1. The proven moment of the roll is the earliest of its members' proven moments. A member is a daemon
//      that has reported since it joined that it hears.
//   2. A member is deaf if it reports that it does not hear, or that it was blind since its last report, or
//      if its report has been missing for more than four ticks. The roll has then been blind since its
//      proven moment, and a report that came late does not change that. Its clock goes on when the member
//      hears again, from the moment of that report.
//   3. A member is dropped at once when its session is gone, or another process joins under its name; else
//      when it has not heard for T. The others go on from that moment.
//   4. The workers of a member that was deaf for D, or dropped D after its proven moment, get an allowance of
//      max(T/3, min(D, 150 s)) (allowance.h), which stops the roll.
//   5. Each stop that a member causes while others hear is paid from the credit of that member: the time in
//      which it holds the roll, and the allowance. The credit holds one full stop, T + max(T/3, 150 s), and
//      earns a third of the time for which the clock advances. A deaf member without credit is passed over:
//      it does not hold the roll until it hears again. So at least three quarters of the time, minus one
//      credit, count in spite of one member that fails again and again.
//   6. The credit belongs to the member's name, and stays when the member goes. A new name takes its credit
//      from a common one for newcomers, which earns alike, so that new names bring no new credit.
//   7. While no member hears, nothing counts and nobody pays. The allowance after that is paid from the
//      roll's own credit, as that of a single daemon.
//   8. A leader that is deaf or passed over gives the lead back, if another member hears.
//
// Times are readings of the database's clock. It may step. Backwards: time goes on from where it was.
// Forwards, by more than four ticks: every report is missing.
//
// A new leader starts from the state that was stored. The members in it have four ticks to report to it, so
// that to change the leader costs no time.
//
// An example: T = 120 s, two members, each with a full credit of 270 s.
//      passes                                       the roll       credit of b
//      100 s of work                                100            270
//      b hangs for 30 s and reports again           100            240       rules 2, 5
//      40 s of work                                 100            200       rule 4: T/3 is more than 30 s
//      60 s of work                                 160            220
//      b is killed; its session is gone at once     160            220       rule 3
//      40 s of work of the other one                160            180
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/allowance.h"
#include "muster/clock.h"
#include "muster/settings.h"

namespace muster {

/// What a member says of its own clock at every tick: ProbedClock::hears, blind_times, ProofAge.
struct MemberReport {
  bool hears = false;
  std::int64_t blind_times = 0;
  absl::Duration proof_age;
};

/// The part of the roll's clock that survives its leader.
struct SharedState {
  struct Member {
    std::string name;
    bool present = false;  // it was a member; else only its credit is kept
    bool deaf = false;
    std::int64_t blind_times = 0;
    absl::Duration proven_to;
    absl::Duration credit;
    absl::Duration allowance_left;
  };
  ListeningTime proven;
  std::optional<absl::Duration> proven_at;  // the proven moment on the database's clock, if it is known
  absl::Duration credit;                    // the roll's own
  absl::Duration allowance_left;
  absl::Duration newcomers;  // the credit that is left for new names
  std::vector<Member> members;
};

class SharedClock {
 public:
  void Start(absl::Duration now, const std::optional<SharedState>& last, const Settings& settings);
  /// The settings of all members: T is the longest of their timeouts.
  void Configure(const Settings& settings);

  /// A process joined under this name. It becomes a member when it first reports that it hears.
  void Join(std::string_view name, absl::Duration now);
  void Report(std::string_view name, const MemberReport& report, absl::Duration now);
  void SessionGone(std::string_view name, absl::Duration now);
  /// After the reports of this tick. Returns the names that were dropped since the last one, and why.
  std::vector<std::string> Tick(absl::Duration now);

  ListeningTime proven() const { return ListeningTime() + proven_; }
  /// The most that `proven` can ever come to show for the time of the last input.
  ListeningTime running() const { return ListeningTime() + absl::Ceil(running_, absl::Microseconds(1)); }
  SharedState stored_state() const;

  struct Holder {
    std::string name;
    absl::Duration since;  // on the database's clock
  };
  /// The deaf member that has held the roll for the longest time.
  std::optional<Holder> HeldBackBy() const;
  bool MustGiveLeadBack(std::string_view leader) const;
  /// Why the clock stands still, and for how much longer; empty while it advances.
  std::string NotListeningBecause() const;

 private:
  enum class Hearing : std::uint8_t { kNotYet, kHears, kDeaf, kPassedOver, kGone };
  struct Member {
    std::string name;
    Hearing hearing = Hearing::kNotYet;
    std::int64_t blind_times = 0;
    absl::Duration proven_to;    // up to where it heard
    absl::Duration reported_at;  // its last report
    AllowanceCredit credit;
  };

  static bool IsDeaf(Hearing hearing);
  void Read(absl::Duration now);
  void Judge();
  void Advance();
  void Count(absl::Duration heard);
  Member& Named(std::string_view name);
  void HearAgain(Member& member);
  void Drop(Member& member, std::string_view why);
  void StopRoll(Member& by, std::string_view why);
  void Forget();
  bool AnyHears() const;
  bool OthersHear(const Member& member) const;
  absl::Duration AllowanceLeft() const;
  absl::Duration MemberCap() const;

  absl::Duration timeout_;
  absl::Duration tick_;
  absl::Duration tick_due_;  // the tick by which reports are judged

  absl::Duration now_;      // the database's clock without its steps
  absl::Duration stepped_;  // now_ minus the database's clock
  bool started_ = false;
  bool first_ = false;
  bool blind_ = true;
  bool nobody_hears_ = true;
  std::string because_;

  std::optional<absl::Duration> proven_to_;  // unset: longer ago than is known
  absl::Duration proven_;
  absl::Duration running_;
  AllowanceCredit own_;
  AllowanceCredit newcomers_;
  std::vector<Member> members_;
  std::vector<std::string> dropped_;
};

}  // namespace muster

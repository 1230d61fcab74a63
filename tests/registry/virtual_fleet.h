// A fleet, a daemon and the accidents of a year, on a clock that the test moves. One seed is one history.
//
// The fleet records which worker was heard when, and checks the promise of the roll: a worker that was heard
// is never called Offline, a dead worker always is, in time, and none is lost.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/settings.h"
#include "muster/worker.h"
#include "runtime/manual_clock.h"
#include "tests/registry/flaky_store.h"
#include "tests/registry/virtual_daemon.h"

namespace muster {

class VirtualFleet {
 public:
  VirtualFleet(std::uint64_t seed, int workers);

  /// A few seconds pass, and perhaps something happens. Then the promise is checked.
  void Step();
  /// Everything works for a while; then every worker must have the right status.
  void Settle();

  /// The first broken promise, in words; empty if there is none.
  const std::string& broken() const { return broken_; }
  /// What happened, the latest last.
  const std::vector<std::string>& history() const { return history_; }
  int called_offline() const { return called_offline_; }
  int holds() const { return holds_; }

 private:
  struct Heard {
    ListeningTime listening;
    absl::Duration monotonic;
  };
  struct Member {
    std::string region;
    bool alive = true;
    absl::Duration unreachable_until;  // dead, or cut off, until then
    absl::Duration interval;
    absl::Duration pause;                            // before the next attempt, after a failed one
    std::vector<Heard> heard;                        // accepted heartbeats, the latest few
    std::optional<ListeningTime> called_offline_at;  // as last seen
  };

  void Accident();
  void Enroll(const std::string& id);
  void Beat(const std::string& id);
  void ScheduleBeat(const std::string& id, absl::Duration in);
  /// Workers send heartbeats and everything runs when it is due, if there is a daemon.
  void Pass(absl::Duration time);
  void Check();
  void CheckMember(const std::string& id, const WorkerView& view, ListeningTime now);
  void Break(const std::string& what);
  void Remember(std::string what);

  std::uint64_t Random(std::uint64_t below) { return random_() % below; }
  absl::Duration RandomUpTo(absl::Duration most) {
    return most * (static_cast<double>(Random(10'000)) / 10'000);
  }
  /// Short ones more often than long ones.
  absl::Duration RandomSpan();
  std::string RandomMember();

  std::mt19937_64 random_;
  ManualClock clock_;
  Disk disk_;
  Settings settings_;
  std::optional<VirtualDaemon> daemon_;
  std::map<std::string, Member> members_;
  std::set<std::pair<absl::Duration, std::string>> beats_;  // when which worker sends its next heartbeat
  std::map<std::string, absl::Duration> cut_off_until_;     // regions that cannot reach the daemon
  std::map<std::string, ListeningTime> held_at_;            // regions, when last seen held by the guard
  std::vector<ListeningTime> jobs_failed_at_;
  std::int64_t job_failures_ = 0;  // of this daemon, as last seen
  absl::Duration store_back_at_;
  int enrolled_ = 0;
  ListeningTime last_clock_;
  int called_offline_ = 0;
  int holds_ = 0;
  std::string broken_;
  std::vector<std::string> history_;
};

}  // namespace muster

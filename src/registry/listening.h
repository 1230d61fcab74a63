// The listening clock as this daemon knows it, fed and read by several threads: the prober says what its
// probes found, the writer says what became of commits, and anyone may ask.
//
// Where a roll has one daemon, it leads: its own ProbedClock (domain/probed_clock.h) is the clock of the
// roll. Where several share a store, exactly one of them leads. The others go by what the leader last said,
// plus the time that has passed since, two ticks at most. The store adds the age of that report, again two
// ticks at most. So if the leader stopped meanwhile, a follower is up to four ticks ahead: dead workers are
// found that much later, and no worker is called Offline earlier. The own clock of a follower says only
// whether this daemon hears.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/probed_clock.h"
#include "muster/blind_times.h"
#include "muster/clock.h"
#include "muster/settings.h"
#include "runtime/mutex.h"
#include "store/store.h"

namespace muster {

/// How long the daemon took to answer the good probes, and how many were not good.
struct ProbeStats {
  std::int64_t answered = 0;
  std::int64_t failed = 0;
  absl::Duration last_latency;
  absl::Duration worst_latency;
};

/// Thread-safe. Times are readings of Clock::MonotonicNow. Its lock is held for some assignments, and never
/// while anything else is done: so it also answers while the writer is stuck.
class Listening {
 public:
  /// Once, before anything else. `last` is what the store has; a shared store is asked later (Lead).
  void Start(absl::Duration now, std::string boot_id, const std::optional<ProvenState>& last,
             std::vector<std::string> sockets, const Settings& settings, bool leads);
  void Configure(const Settings& settings);

  // The prober's: see ProbedClock. `socket` is an index into the sockets of Start.

  void Tick(absl::Duration now);
  void ProbeSent(std::size_t socket, absl::Duration now);
  void ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration now);
  void ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why, absl::Duration now);

  // The writer's.

  void CommitFailed(absl::Duration now);
  void CommitWorked();
  /// The daemon drains: nothing counts from here on.
  void Stop();
  /// Takes the lead. `last` is what the leader before stored. Where this daemon followed it, what it saw of
  /// that leader says how long the roll has been blind.
  void Lead(absl::Duration now, std::optional<ProvenState> last, const Settings& settings);
  /// Another daemon leads, and `heard` is its latest report.
  void Follow(absl::Duration now, const ListeningReport& heard, const Settings& settings);
  /// A daemon was lost: its workers have to find another one.
  void DaemonLost();
  ListeningReport Report(absl::Duration now);

  /// The stamp of a heartbeat that is accepted now.
  ListeningTime Running(absl::Duration now);
  /// What is proven to count.
  ListeningTime Proven(absl::Duration now) const;
  ProvenState StoredState() const;
  bool store_away() const;
  /// Why silence does not count now; empty while it does.
  std::string NotListeningBecause(absl::Duration now) const;

  /// All of it at one moment, for Registry::Status.
  struct Status {
    bool leads = false;
    ListeningTime proven;
    std::string not_listening_because;
    std::string deaf_because;  // why workers cannot reach this daemon; empty while they can
    bool store_away = false;
    BlindTimes blind;
    std::int64_t blind_times = 0;
    ProbeStats probes;
  };
  Status Now(absl::Duration now) const;

 private:
  ListeningTime ProvenNow(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string WhyNot(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  /// How much time a follower adds to what it heard.
  absl::Duration Forward(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  ProbedClock own_ ABSL_GUARDED_BY(mu_);
  ProbeStats probes_ ABSL_GUARDED_BY(mu_);
  BlindTimes published_ ABSL_GUARDED_BY(mu_) = {};  // in the metrics
  // For a new lead.
  std::string boot_id_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> sockets_ ABSL_GUARDED_BY(mu_);
  // As a follower.
  bool leads_ ABSL_GUARDED_BY(mu_) = false;
  bool heard_once_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration tick_ ABSL_GUARDED_BY(mu_);
  ListeningReport heard_ ABSL_GUARDED_BY(mu_);
  absl::Duration heard_at_ ABSL_GUARDED_BY(mu_);
  absl::Duration advanced_at_ ABSL_GUARDED_BY(mu_);  // when a report last said something new
  ListeningTime running_ ABSL_GUARDED_BY(mu_);       // the latest stamp, which never goes back
};

}  // namespace muster

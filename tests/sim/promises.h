// The promises of liveness, held against what really happened.
//
//   - A worker that nothing kept from being heard, but the daemon, is never called Offline.
//   - No worker is called Offline sooner after a heartbeat than the timeout that it was told with the answer.
//   - A worker that is heard again comes back, and one that was heard for the first time becomes Active, each
//     within an interval of its job.
//   - No run of stale detection takes more than the guard's share of a region, unless the region was held.
//   - A worker that is silent is called Offline within the timeout and an interval, in time in which it could
//     have been heard; a hold of its region comes on top.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "muster/event.h"
#include "muster/settings.h"
#include "tests/sim/hearing.h"
#include "tests/sim/ledger.h"

namespace muster::sim {

class Promises {
 public:
  /// `skew`: how far apart the clocks of the daemons of the roll may be. `long_pauses`: after an outage,
  /// clients need the whole allowance to come back.
  Promises(Ledger& ledger, absl::Duration skew, bool long_pauses)
      : ledger_(ledger), skew_(skew), long_pauses_(long_pauses) {}

  Hearing& hearing() { return hearing_; }
  /// The jobs may fail now, and are repeated later.
  void JobsMayFail() { jobs_failed_at_ = hearing_.now(); }

  /// The disk is slow now: what is heard is proven later.
  void DiskIsSlow() { slow_at_ = hearing_.now(); }

  /// New settings: workers are judged by the longest timeout since they were heard.
  void TimeoutWas(absl::Duration timeout) { replaced_.emplace_back(hearing_.now(), timeout); }

  /// For every new event, before Ledger enters it. `view`: the worker as it is now, if it is there.
  void OnEvent(const Event& event, const WorkerView* view, const Settings& settings,
               absl::Duration impaired_until);
  /// From time to time, for every worker.
  /// `shortest`: the shortest timeout of all daemons; that of `settings` is the longest.
  void OnWorker(const WorkerView& view, const Settings& settings, absl::Duration shortest);

  int called_offline() const { return called_offline_; }
  int holds() const { return holds_; }

 private:
  struct Seen {
    absl::Duration since;      // in this status, on the clock of hearing
    std::int64_t beats = 0;    // when it was last looked at
    absl::Duration heard;      // when that number had grown
    bool heard_since = false;  // since the status changed
    absl::Duration first_heard_since;
  };

  void CheckOffline(const Event& event, const WorkerView& view, absl::Duration impaired_until);
  void CountActive(const Event& event);
  void CheckGuard(const Event& event, const Settings& settings);
  absl::Duration LongestTimeoutSince(absl::Duration heard, const Settings& settings) const;
  /// How much later than an interval a job may run.
  absl::Duration Late(absl::Duration interval, absl::Duration since) const;

  Ledger& ledger_;
  const absl::Duration skew_;
  const bool long_pauses_;
  Hearing hearing_;
  std::map<std::string, Seen> workers_;
  struct Region {
    int active = 0;
    bool held = false;
    // Of the latest run of stale detection that took any of its workers.
    absl::Time run_at = absl::InfinitePast();
    int active_before = 0;
    int taken = 0;
  };
  std::map<std::string, Region> regions_;
  std::map<std::string, absl::Duration> held_at_;                    // regions, when last held
  std::vector<std::pair<absl::Duration, absl::Duration>> replaced_;  // when, and which timeout
  absl::Duration jobs_failed_at_ = -absl::InfiniteDuration();
  absl::Duration slow_at_ = -absl::InfiniteDuration();
  int called_offline_ = 0;
  int holds_ = 0;
};

}  // namespace muster::sim

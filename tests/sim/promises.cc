#include "tests/sim/promises.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "store/store.h"

namespace muster::sim {
namespace {

// What is heard is proven a tick later, and a job's timer may fire a second late.
constexpr absl::Duration kSlack = absl::Seconds(5);
// By so much a stamp of an earlier life may be ahead of the clock.
constexpr absl::Duration kStampsLead = absl::Seconds(24);
// A daemon that was killed forgets the seconds since it last stored its clock, and takes the blind time for
// longer by that. Other outages it notices some ticks later.
constexpr absl::Duration kForEachOutage = absl::Seconds(12);
// On a slow disk: two limits of a probe, and the syncs for which a job waits.
constexpr absl::Duration kOnSlowDisk = absl::Seconds(35);

}  // namespace

absl::Duration Promises::Late(absl::Duration interval, absl::Duration since) const {
  return kSlack + (jobs_failed_at_ >= since ? 2 * interval : absl::ZeroDuration()) +
         (slow_at_ >= since ? kOnSlowDisk : absl::ZeroDuration()) +
         hearing_.EndsSince(since) * kForEachOutage;
}

absl::Duration Promises::LongestTimeoutSince(absl::Duration heard, const Settings& settings) const {
  absl::Duration longest = settings.heartbeat_timeout;
  for (const auto& [when, timeout] : replaced_) {
    // A daemon that restarts, or is lost, keeps its timeout in force for a while; and stamps of an earlier
    // life may be ahead of the clock.
    if (when + kSlack + kStampsLead >= heard) longest = std::max(longest, timeout);
  }
  return longest;
}

void Promises::OnEvent(const Event& event, const WorkerView* view, const Settings& settings,
                       absl::Duration impaired_until) {
  if (event.type == EventType::kRegionHeld) {
    ++holds_;
    held_at_[event.region] = hearing_.now();
  }
  if (event.type == EventType::kRegionReleased) held_at_[event.region] = hearing_.now();
  if (event.worker_id.empty()) regions_[event.region].held = event.type == EventType::kRegionHeld;
  if (event.worker_id.empty() || event.type == EventType::kCloneDetected) return;
  if (event.to == WorkerStatus::kOffline && event.actor == "job:stale-detection") CheckGuard(event, settings);
  CountActive(event);
  if (event.type == EventType::kUnregistered) {
    workers_.erase(event.worker_id);
    return;
  }
  Seen& seen = workers_[event.worker_id];
  seen.since = hearing_.now();
  seen.heard_since = false;
  if (view != nullptr) seen.beats = view->pulse.total;  // those before the event do not count
  if (event.to == WorkerStatus::kActive) seen.heard = hearing_.now();
  if (event.to != WorkerStatus::kOffline || event.actor != "job:stale-detection") return;
  ++called_offline_;
  if (view != nullptr && view->worker->called_offline_at && view->worker->revision == event.revision) {
    CheckOffline(event, *view, impaired_until);
  }
}

void Promises::CountActive(const Event& event) {
  const Ledger::Known* const known = ledger_.Find(event.worker_id);
  Region& region = regions_[event.region];
  if (known != nullptr && known->status == WorkerStatus::kActive) --region.active;
  if (event.to == WorkerStatus::kActive) ++region.active;
}

// A fleet of this size is taken in one step, and all events of a step have one time.
void Promises::CheckGuard(const Event& event, const Settings& settings) {
  Region& region = regions_[event.region];
  if (region.run_at != event.at) {
    region.run_at = event.at;
    region.active_before = region.active;
    region.taken = 0;
  }
  ++region.taken;
  if (region.held || region.active_before < settings.guard_min_workers) return;
  if (region.taken > settings.guard_share * region.active_before) {
    ledger_.Break(absl::StrCat(region.taken, " of ", region.active_before, " Active workers of ",
                               event.region, " are called Offline at once, and it was not held"));
  }
}

void Promises::CheckOffline(const Event& event, const WorkerView& view, absl::Duration impaired_until) {
  const Ledger::Known* const known = ledger_.Find(event.worker_id);
  if (known == nullptr) return;
  const ListeningTime called = *view.worker->called_offline_at;
  // The last one counts. After a crash its stamp may be earlier than that of one before.
  const auto beat = std::find_if(known->beats.rbegin(), known->beats.rend(), [&](const Ledger::Beat& each) {
    return each.listening && !each.in_doubt && *each.listening < called;
  });
  if (beat == known->beats.rend()) return;
  const absl::Duration silent = called - *beat->listening;
  if (silent < beat->told - skew_) {
    ledger_.Break(absl::StrCat(event.worker_id, " was heard, was told a timeout of ",
                               absl::FormatDuration(beat->told), ", and called Offline ",
                               absl::FormatDuration(silent), " later by the daemon's own clock"));
  }
  // Over several outages the pauses of a client grow longer than the allowance after each of them.
  const bool cut_short = long_pauses_ && (hearing_.EndsSince(workers_[event.worker_id].heard) > 1 ||
                                          hearing_.now() - hearing_.short_of_credit_at() < 2 * beat->told);
  if (beat->monotonic > impaired_until && !cut_short) {
    ledger_.Break(absl::StrCat(event.worker_id, " was heard at ", absl::FormatDuration(beat->monotonic),
                               " and called Offline, and nothing but the daemon kept it from being heard"));
  }
}

void Promises::OnWorker(const WorkerView& view, const Settings& settings, absl::Duration shortest) {
  const std::string& id = view.worker->id;
  Seen& seen = workers_[id];
  const absl::Duration now = hearing_.now();
  if (view.pulse.total > seen.beats) {
    seen.heard = now;
    if (!seen.heard_since) seen.first_heard_since = now;
    seen.heard_since = true;
  }
  seen.beats = view.pulse.total;

  const absl::Duration timeout = LongestTimeoutSince(seen.heard, settings);
  if (view.worker->status == WorkerStatus::kActive) {
    const auto held = held_at_.find(view.worker->config.region);
    const bool was_held = held != held_at_.end() && held->second >= seen.heard;
    const absl::Duration hold = was_held ? timeout + settings.stale_interval + kSlack : absl::ZeroDuration();
    const absl::Duration promised =
        timeout + settings.stale_interval + hold + Late(settings.stale_interval, seen.heard);
    if (now - seen.heard > promised) {
      ledger_.Break(absl::StrCat(id, " is silent for ", absl::FormatDuration(now - seen.heard),
                                 " and still Active; promised: ", absl::FormatDuration(promised)));
    }
    return;
  }
  const bool offline = view.worker->status == WorkerStatus::kOffline;
  const absl::Duration interval = offline ? settings.reactivation_interval : settings.activation_interval;
  if (view.worker->status == WorkerStatus::kFailed || !seen.heard_since) return;
  // What was heard once must be fresh when the job comes.
  if (offline && now - seen.heard > shortest / 2) return;
  const absl::Duration promised = interval + Late(interval, seen.first_heard_since);
  if (now - seen.first_heard_since > promised) {
    ledger_.Break(absl::StrCat(id, " is heard for ", absl::FormatDuration(now - seen.first_heard_since),
                               " and still ", std::string(StatusName(view.worker->status)),
                               "; promised: ", absl::FormatDuration(promised)));
  }
}

}  // namespace muster::sim

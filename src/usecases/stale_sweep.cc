// Active -> Offline, for workers that are silent for their limit, region by region under the mass-failure
// guard.
//
// The first step decides for the whole run which moment counts and which regions are held. Later steps move
// the rest. They must not ask the guard again, because the shares change with every worker that they move. A
// hold that is over ends with the run, not with its first step: so if a run fails, the next tick continues
// it, and the rest is not held again.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/guard.h"
#include "domain/liveness.h"
#include "domain/text.h"
#include "store/store.h"
#include "usecases/staging.h"
#include "usecases/sweep.h"

namespace muster {
namespace {

std::string Shares(const RegionSilence& region, const Settings& settings) {
  return absl::StrCat(region.silent, " of ", region.active,
                      " Active workers are silent (guard: ", settings.guard_share * 100, " %)");
}

class StaleSweep final : public Sweep {
 public:
  Result<bool> Step(WriteTx& tx, const SweepMoment& now, const Settings& settings, int limit) override {
    if (stale_.empty()) {
      const Outcome begun = Begin(tx, now, settings);
      if (!begun.ok()) return begun.error();
    }
    const Result<std::vector<WorkerView>> found = tx.Silent(stale_, held_, limit);
    if (!found.ok()) return found.error();
    const std::int64_t moved_before = report_.moved;
    for (const WorkerView& view : *found) {
      if (!StaleDetectionApplies(view, stale_)) continue;
      const Outcome moved = CallOffline(tx, view, now);
      if (!moved.ok()) return moved.error();
    }
    if (!LastStep(found->size(), report_.moved - moved_before, limit)) return false;
    for (const auto& [region, reason] : ending_) Release(tx, region, reason, now);
    return true;
  }

 private:
  // Asks the guard about every region that has silent workers or a hold.
  Outcome Begin(WriteTx& tx, const SweepMoment& now, const Settings& settings) {
    timeouts_ = JudgedBy(tx, settings);
    std::vector<ReferenceRange> stale = StaleRanges(timeouts_, now.listening);
    Result<std::vector<RegionSilence>> silences = tx.SilentByRegion(stale);
    if (!silences.ok()) return silences.error();
    const Result<std::vector<RegionHold>> holds = tx.Holds();
    if (!holds.ok()) return holds.error();
    absl::flat_hash_map<std::string, ListeningTime> held_until;
    for (const RegionHold& hold : *holds) held_until.emplace(hold.region, hold.until);

    std::sort(silences->begin(), silences->end(),
              [](const RegionSilence& a, const RegionSilence& b) { return a.region < b.region; });
    for (const RegionSilence& region : *silences) {
      const auto hold = held_until.find(region.region);
      std::optional<ListeningTime> until;
      if (hold != held_until.end()) {
        until = hold->second;
        held_until.erase(hold);
      }
      AskGuard(tx, region, until, now, settings);
    }
    for (const RegionHold& hold : *holds) {  // the rest are regions in which no worker is silent any more
      if (held_until.contains(hold.region))
        Release(tx, hold.region, "recovered: nobody is silent any more", now);
    }
    stale_ = std::move(stale);
    return Ok();
  }

  void AskGuard(WriteTx& tx, const RegionSilence& region, std::optional<ListeningTime> held_until,
                const SweepMoment& now, const Settings& settings) {
    switch (Guard(region.active, region.silent, held_until, now.listening, settings)) {
      case GuardVerdict::kTake:
        return;
      case GuardVerdict::kHold:
        tx.Hold({region.region, now.listening + timeouts_.in_force});
        tx.Append(EventOfRegion(
            EventType::kRegionHeld, region.region, now,
            Concat({Shares(region, settings), ": held for ", absl::FormatDuration(timeouts_.in_force)})));
        [[fallthrough]];
      case GuardVerdict::kKeepHeld:
        held_.insert(region.region);
        report_.held_regions.push_back(region.region);
        return;
      case GuardVerdict::kRecovered:
        ending_.emplace_back(region.region, Concat({"recovered: ", Shares(region, settings)}));
        return;
      case GuardVerdict::kHoldOver:
        ending_.emplace_back(region.region, Concat({"the hold is over: ", Shares(region, settings),
                                                    ", they are called Offline"}));
        return;
    }
  }

  Outcome CallOffline(WriteTx& tx, const WorkerView& view, const SweepMoment& now) {
    // One without a reference has been silent since before the roll began to count.
    const Silence silence = SilenceOf(*view.worker, view.pulse, timeouts_)
                                .value_or(Silence{now.listening - timeouts_.in_force, timeouts_.in_force});
    const absl::Duration silent_for = now.listening - silence.since;
    const absl::Duration latency = std::max(silent_for - silence.limit, absl::ZeroDuration());
    const Result<WorkerView> moved = Move(tx, view, WorkerStatus::kOffline, MoveCause::kStaleDetection, now,
                                          Concat({"silent for ", FormatSilence(silence.limit + latency),
                                                  ", timeout ", absl::FormatDuration(silence.limit)}),
                                          actor_);
    if (!moved.ok()) return moved.error();
    CountMoved(report_, *view.worker);
    report_.worst_latency = std::max(report_.worst_latency, latency);
    return Ok();
  }

  void Release(WriteTx& tx, const std::string& region, const std::string& reason, const Moment& now) {
    tx.Release(region);
    tx.Append(EventOfRegion(EventType::kRegionReleased, region, now, reason));
  }

  Event EventOfRegion(EventType type, const std::string& region, const Moment& now,
                      std::string reason) const {
    Event event;
    event.type = type;
    event.at = now.wall;
    event.region = region;
    event.reason = std::move(reason);
    event.actor = actor_;
    return event;
  }

  const std::string actor_ = ActorOf(Job::kStaleDetection);
  std::vector<ReferenceRange> stale_;  // empty until the run has begun
  RollTimeouts timeouts_;  // as they were then, so that a reload does not change them within a run
  absl::flat_hash_set<std::string> held_;
  std::vector<std::pair<std::string, std::string>> ending_;  // regions whose hold ends with the run, and why
};

}  // namespace

std::unique_ptr<Sweep> NewStaleSweep() {
  return std::make_unique<StaleSweep>();
}

}  // namespace muster

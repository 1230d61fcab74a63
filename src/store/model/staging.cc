#include "store/model/staging.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/model/committed_reader.h"
#include "store/model/filter.h"
#include "store/model/totals.h"

namespace muster {

void Staging::Clear() {
  batch_.Clear();
  latest_.clear();
  inserted_ = 0;
  find_ahead_.End();
}

void Staging::Committed() {
  if (!batch_.changes.empty()) committed_revision_ = last_revision_;
  RolledBack();
}

void Staging::RolledBack() {
  last_revision_ = committed_revision_;
  Clear();
}

void Staging::Failed() {
  committed_revision_ = last_revision_;
  Clear();
}

WorkerView Staging::View(std::uint32_t change) const {
  const StagedChange& staged = batch_.changes[change];
  if (staged.before == nullptr) return WorkerView{staged.after, Pulse(), kStagedSlot + change};
  return WorkerView{staged.after, model_.PulseOf(staged.slot), staged.slot};
}

Result<std::optional<WorkerView>> Staging::Find(std::string_view id) const {
  if (!latest_.empty()) {
    if (const auto staged = latest_.find(id); staged != latest_.end()) {
      if (batch_.changes[staged->second].after == nullptr) return std::optional<WorkerView>();
      return std::optional(View(staged->second));
    }
  }
  const std::optional<std::uint32_t> slot = find_ahead_.Find(id);
  return slot ? std::optional(model_.View(*slot)) : std::nullopt;
}

Result<std::vector<WorkerView>> Staging::List(const WorkerFilter& filter, std::string_view after_id,
                                              int limit) const {
  std::vector<WorkerView> merged;
  if (limit <= 0) return merged;
  const StatusMask statuses = StatusesOf(filter);
  for (auto staged = latest_.upper_bound(after_id); staged != latest_.end(); ++staged) {
    const WorkerPtr& worker = batch_.changes[staged->second].after;
    if (worker != nullptr && Matches(filter, statuses, *worker)) merged.push_back(View(staged->second));
    if (std::cmp_equal(merged.size(), limit)) break;
  }
  // As many again of the committed ones that the transaction did not touch: a page is among the two.
  std::size_t untouched = 0;
  std::optional<std::string> after = std::string(after_id);
  while (after && std::cmp_less(untouched, limit)) {
    std::vector<WorkerView> committed;
    after = model_.List(filter, *after, limit, limit, committed);
    for (WorkerView& view : committed) {
      if (latest_.contains(view.worker->id)) continue;
      merged.push_back(std::move(view));
      ++untouched;
    }
  }
  std::sort(merged.begin(), merged.end(),
            [](const WorkerView& a, const WorkerView& b) { return a.worker->id < b.worker->id; });
  if (std::cmp_greater(merged.size(), limit)) merged.resize(static_cast<std::size_t>(limit));
  return merged;
}

Result<std::vector<HeartbeatRecord>> Staging::Heartbeats(std::string_view id, std::int64_t before,
                                                         int limit) const {
  if (const auto staged = latest_.find(id); staged != latest_.end()) {
    const StagedChange& change = batch_.changes[staged->second];
    if (change.after == nullptr) return WorkerNotFound{std::string(id)};
    if (change.before == nullptr) return std::vector<HeartbeatRecord>();
  }
  return archive_.Heartbeats(id, before, limit);
}

Result<std::vector<Event>> Staging::Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                           int limit) const {
  std::vector<Event> staged;
  const auto is_wanted = [&](const Event& event) {
    return (worker_id.empty() || event.worker_id == worker_id) &&
           (newest_first ? event.cursor < bound : event.cursor > bound);
  };
  std::copy_if(batch_.events.begin(), batch_.events.end(), std::back_inserter(staged), is_wanted);
  if (newest_first) std::reverse(staged.begin(), staged.end());

  Result<std::vector<Event>> committed = archive_.Events(worker_id, bound, newest_first, limit);
  if (!committed.ok()) return committed;
  std::vector<Event>& events = *committed;
  events.insert(newest_first ? events.begin() : events.end(), staged.begin(), staged.end());
  if (std::cmp_greater(events.size(), limit)) {
    events.resize(static_cast<std::size_t>(std::max(limit, 0)));
  }
  return committed;
}

Result<std::vector<RegionTotals>> Staging::Totals() const {
  absl::btree_map<std::string, RegionTotals> totals = model_.Totals();
  const auto count = [&totals](const Worker& worker, const Pulse& pulse, int sign) {
    RegionTotals& region = totals[worker.config.region];
    region.region = worker.config.region;
    CountWorker(worker, pulse.in_use, sign, region);
  };
  for (const StagedChange& change : batch_.changes) {
    const Pulse pulse = change.before == nullptr ? Pulse() : model_.PulseOf(change.slot);
    if (change.before != nullptr) count(*change.before, pulse, -1);
    if (change.after != nullptr) count(*change.after, pulse, 1);
  }
  for (auto region = totals.begin(); region != totals.end();) {
    region = WorkersIn(region->second) == 0 ? totals.erase(region) : std::next(region);
  }
  return WithHolds(std::move(totals), HoldsNow());
}

absl::btree_map<std::string, ListeningTime> Staging::HoldsNow() const {
  absl::btree_map<std::string, ListeningTime> holds = model_.holds;
  for (const auto& [region, until] : batch_.holds) {
    if (until) {
      holds[region] = *until;
    } else {
      holds.erase(region);
    }
  }
  return holds;
}

Result<std::vector<RegionHold>> Staging::Holds() const {
  std::vector<RegionHold> holds;
  for (const auto& [region, until] : HoldsNow()) holds.push_back({region, until});
  return holds;
}

Result<std::int64_t> Staging::LastCursor() const {
  return model_.last_cursor + static_cast<std::int64_t>(batch_.events.size());
}

WorkerView Staging::Insert(Worker worker) {
  const auto change = static_cast<std::uint32_t>(batch_.changes.size());
  latest_[worker.id] = change;
  batch_.changes.push_back(StagedChange{kNoSlot, model_.NextKey() + inserted_++, nullptr,
                                        std::make_shared<const Worker>(std::move(worker))});
  return View(change);
}

StagedChange& Staging::ChangeOf(const WorkerView& view) {
  if ((view.handle & kStagedSlot) != 0) return batch_.changes[view.handle - kStagedSlot];
  const auto [latest, is_new] =
      latest_.try_emplace(view.worker->id, static_cast<std::uint32_t>(batch_.changes.size()));
  if (is_new) {
    const WorkerPtr& before = model_.WorkerAt(view.handle);
    batch_.changes.push_back(StagedChange{view.handle, model_.KeyOf(view.handle), before, before});
  }
  return batch_.changes[latest->second];
}

WorkerView Staging::Update(const WorkerView& view, Worker worker) {
  StagedChange& change = ChangeOf(view);
  change.after = std::make_shared<const Worker>(std::move(worker));
  return View(static_cast<std::uint32_t>(&change - batch_.changes.data()));
}

void Staging::Remove(const WorkerView& view) {
  StagedChange& change = ChangeOf(view);
  change.after = nullptr;
  if (change.before != nullptr) batch_.removed.insert(change.slot);
}

void Staging::RecordHeartbeat(const WorkerView& view, const Moment& now, std::optional<std::int32_t> in_use) {
  std::vector<StagedMoment>& moments = batch_.moments;
  if (moments.empty() || moments.back().at.wall != now.wall || moments.back().at.listening != now.listening) {
    moments.push_back(StagedMoment{now, 0});
  }
  batch_.beats.push_back(StagedBeat{view.handle, in_use.value_or(0), in_use.has_value()});
  moments.back().end = batch_.beats.size();
}

std::int64_t Staging::HeartbeatsRecorded(const WorkerView& view) const {
  const std::int64_t committed = (view.handle & kStagedSlot) != 0 ? 0 : model_.HeartbeatsOf(view.handle);
  return committed + std::count_if(batch_.beats.begin(), batch_.beats.end(),
                                   [&view](const StagedBeat& beat) { return beat.slot == view.handle; });
}

void Staging::Append(Event event) {
  event.cursor = model_.last_cursor + static_cast<std::int64_t>(batch_.events.size()) + 1;
  batch_.events.push_back(std::move(event));
}

void Staging::Hold(RegionHold hold) {
  batch_.holds[std::move(hold.region)] = hold.until;
}

void Staging::Release(std::string_view region) {
  batch_.holds[std::string(region)] = std::nullopt;
}

std::vector<WorkerView> Staging::Views(const std::vector<std::uint32_t>& slots) const {
  std::vector<WorkerView> views;
  views.reserve(slots.size());
  constexpr std::size_t kAhead = 8;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i + kAhead < slots.size()) model_.PrefetchWorker(slots[i + kAhead]);
    views.push_back(model_.View(slots[i]));
  }
  return views;
}

Result<std::vector<WorkerView>> Staging::PendingHeard(int limit) {
  return Views(pending_heard_.Take(
      limit, model_.SlotCount(), [this](auto visit) { model_.VisitPendingHeard(visit); },
      [this](std::uint32_t slot) { return model_.IsPendingHeard(slot); }));
}

Result<std::vector<RegionSilence>> Staging::SilentByRegion(ListeningTime cutoff) {
  return model_.SilentByRegion(cutoff);
}

Result<std::vector<WorkerView>> Staging::Silent(ListeningTime cutoff,
                                                const absl::flat_hash_set<std::string>& except, int limit) {
  const std::vector<bool> held = model_.NumbersOf(except);
  return Views(silent_.Take(
      limit, model_.SlotCount(), [&](auto visit) { model_.VisitSilent(cutoff, except, visit); },
      [&](std::uint32_t slot) { return model_.IsSilent(slot, cutoff, held); }));
}

Result<std::vector<WorkerView>> Staging::OfflineHeardAfter(ListeningTime cutoff, int limit) {
  return Views(offline_heard_.Take(
      limit, model_.SlotCount(), [&](auto visit) { model_.VisitOfflineHeardAfter(cutoff, visit); },
      [&](std::uint32_t slot) { return model_.IsOfflineHeardAfter(slot, cutoff); }));
}

}  // namespace muster

#include "store/model/staging.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster {

void Staging::Clear() {
  batch_.Clear();
  latest_.clear();
  inserted_ = 0;
  prefetcher_.End();
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
  const std::optional<std::uint32_t> slot = prefetcher_.Find(id);
  return slot ? std::optional(model_.View(*slot)) : std::nullopt;
}

void Staging::CheckView(const WorkerView& view) const {
  const std::uint32_t slot = view.handle;
  MUSTER_CHECK(
      (slot & kStagedSlot) != 0 ? slot - kStagedSlot < batch_.changes.size() : slot < model_.SlotCount(),
      "a view is given back to the transaction that handed it out");
}

WorkerView Staging::Insert(Worker worker) {
  const auto staged = latest_.find(worker.id);
  MUSTER_CHECK(
      staged != latest_.end() ? batch_.changes[staged->second].after == nullptr : !model_.Find(worker.id),
      "an id that is inserted is free");
  const auto change = static_cast<std::uint32_t>(batch_.changes.size());
  latest_[worker.id] = change;
  batch_.changes.push_back(StagedChange{kNoSlot, model_.NextKey() + inserted_++, nullptr,
                                        std::make_shared<const Worker>(std::move(worker))});
  return View(change);
}

StagedChange& Staging::ChangeOf(const WorkerView& view) {
  CheckView(view);
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
  MUSTER_CHECK(worker.id == view.worker->id, "an update keeps the worker's id");
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
  CheckView(view);
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

Result<std::vector<RegionSilence>> Staging::SilentByRegion(std::span<const ReferenceRange> stale) {
  return model_.SilentByRegion(stale);
}

Result<std::vector<WorkerView>> Staging::Silent(std::span<const ReferenceRange> stale,
                                                const absl::flat_hash_set<std::string>& except, int limit) {
  const std::vector<bool> held = model_.NumbersOf(except);
  return Views(silent_.Take(
      limit, model_.SlotCount(), [&](auto visit) { model_.VisitSilent(stale, except, visit); },
      [&](std::uint32_t slot) { return model_.IsSilent(slot, stale, held); }));
}

Result<std::vector<WorkerView>> Staging::OfflineFresh(std::span<const ReferenceRange> stale, int limit) {
  return Views(offline_fresh_.Take(
      limit, model_.SlotCount(), [&](auto visit) { model_.VisitOfflineFresh(stale, visit); },
      [&](std::uint32_t slot) { return model_.IsOfflineFresh(slot, stale); }));
}

// From what is committed, like the other questions of the sweeps.
Result<std::vector<RegionHold>> Staging::Holds() const {
  std::vector<RegionHold> holds;
  holds.reserve(model_.holds.size());
  for (const auto& [region, until] : model_.holds) holds.push_back({region, until});
  return holds;
}

}  // namespace muster

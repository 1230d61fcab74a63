#include "store/model/model.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace muster {
namespace {

// How one worker counts in the totals of its region: adds it (sign 1) or takes it away (sign -1).
void CountWorker(const Worker& worker, const std::optional<std::int32_t>& in_use, int sign,
                 RegionTotals& totals) {
  totals.by_status[static_cast<std::size_t>(worker.status)] += sign;
  if (worker.status != WorkerStatus::kActive) return;
  const std::int64_t capacity = worker.config.capacity;
  const std::int64_t used = in_use.value_or(0);
  totals.capacity += sign * capacity;
  totals.in_use += sign * used;
  totals.free_capacity += sign * std::max<std::int64_t>(capacity - used, 0);
}

}  // namespace

Model::Model()
    : ids_(workers_),
      order_(workers_, fleet_leaf_),
      pending_heard_(timelines_.NewTimeline()),
      offline_heard_(timelines_.NewTimeline()) {}

Pulse Model::PulseOf(std::uint32_t slot) const {
  const PulseCell& cell = pulses_[slot];
  if (cell.total == 0) return Pulse();
  return Pulse{cell.total, absl::FromUnixMicros(cell.last_at), cell.heard_at, InUseOf(cell)};
}

WorkerView Model::View(std::uint32_t slot) const {
  return WorkerView{workers_[slot], PulseOf(slot), slot};
}

void Model::GrowTo(std::uint32_t slots) {
  workers_.GrowTo(slots);
  pulses_.GrowTo(slots);
  fleet_leaf_.GrowTo(slots);
  region_leaf_.GrowTo(slots);
  timelines_.GrowTo(slots);
}

std::uint32_t Model::RegionFor(const std::string& name) {
  const auto [at, is_new] = region_numbers_.try_emplace(name, 0);
  if (!is_new) return at->second;
  auto region = std::make_unique<Region>(name, timelines_.NewTimeline(), workers_, region_leaf_);
  if (unused_regions_.empty()) {
    at->second = static_cast<std::uint32_t>(regions_.size());
    regions_.push_back(std::move(region));
  } else {
    at->second = unused_regions_.back();
    unused_regions_.pop_back();
    regions_[at->second] = std::move(region);
  }
  return at->second;
}

void Model::LeaveRegion(std::uint32_t slot) {
  const PulseCell& cell = pulses_[slot];
  Region& region = *regions_[cell.region];
  CountWorker(*workers_[slot], InUseOf(cell), -1, region.totals);
  if (--region.workers > 0) return;
  timelines_.DropTimeline(region.active);
  region_numbers_.erase(region.totals.region);
  unused_regions_.push_back(cell.region);
  regions_[cell.region].reset();
}

void Model::PutOnTimeline(std::uint32_t slot) {
  const PulseCell& cell = pulses_[slot];
  switch (cell.status) {
    case WorkerStatus::kPending:
      if (HeardSinceRegistered(cell.total, workers_[slot]->heartbeats_before))
        timelines_.Put(slot, pending_heard_, ListeningTime());
      break;
    case WorkerStatus::kActive:
      timelines_.Put(slot, regions_[cell.region]->active, ReferenceOf(slot));
      break;
    case WorkerStatus::kOffline:
      if (cell.total > 0) timelines_.Put(slot, offline_heard_, cell.heard_at);
      break;
    case WorkerStatus::kFailed:
      break;
  }
}

std::uint32_t Model::Place(WorkerPtr worker, std::int64_t key, const Pulse& pulse) {
  std::uint32_t slot = slot_count_;
  if (unused_slots_.empty()) {
    GrowTo(++slot_count_);
  } else {
    slot = unused_slots_.back();
    unused_slots_.pop_back();
  }
  PulseCell& cell = pulses_[slot];
  cell.key = key;
  cell.total = pulse.total;
  cell.last_at = pulse.total == 0 ? 0 : absl::ToUnixMicros(pulse.last_at);
  cell.heard_at = pulse.heard_at;
  cell.in_use = pulse.in_use.value_or(0);
  cell.has_in_use = pulse.in_use.has_value();
  cell.status = worker->status;
  cell.region = RegionFor(worker->config.region);
  workers_[slot] = std::move(worker);

  Region& region = *regions_[cell.region];
  ++region.workers;
  CountWorker(*workers_[slot], pulse.in_use, 1, region.totals);
  ids_.Insert(slot);
  PutOnTimeline(slot);
  ++worker_count_;
  next_key_ = std::max(next_key_, key + 1);
  return slot;
}

std::uint32_t Model::Insert(WorkerPtr worker, std::int64_t key, const Pulse& pulse) {
  const std::uint32_t slot = Place(std::move(worker), key, pulse);
  order_.Insert(slot);
  regions_[pulses_[slot].region]->order.Insert(slot);
  return slot;
}

std::uint32_t Model::Load(WorkerPtr worker, std::int64_t key, const Pulse& pulse) {
  return Place(std::move(worker), key, pulse);
}

void Model::FinishLoading() {
  std::vector<std::uint32_t> slots(slot_count_);
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) slots[slot] = slot;
  const auto by_id = [this](std::uint32_t a, std::uint32_t b) { return workers_[a]->id < workers_[b]->id; };
  if (!std::is_sorted(slots.begin(), slots.end(), by_id)) std::sort(slots.begin(), slots.end(), by_id);
  for (const std::uint32_t slot : slots) {
    order_.Insert(slot);
    regions_[pulses_[slot].region]->order.Insert(slot);
  }
}

WorkerPtr Model::Update(std::uint32_t slot, WorkerPtr worker) {
  PulseCell& cell = pulses_[slot];
  timelines_.Take(slot);
  const bool moves = workers_[slot]->config.region != worker->config.region;
  if (moves) {
    regions_[cell.region]->order.Erase(slot);
    LeaveRegion(slot);
    workers_[slot].swap(worker);
    cell.region = RegionFor(workers_[slot]->config.region);
    ++regions_[cell.region]->workers;
    regions_[cell.region]->order.Insert(slot);
  } else {
    Region& region = *regions_[cell.region];
    CountWorker(*workers_[slot], InUseOf(cell), -1, region.totals);
    region.order.ChangeStatus(slot, cell.status, worker->status);
    workers_[slot].swap(worker);
  }
  CountWorker(*workers_[slot], InUseOf(cell), 1, regions_[cell.region]->totals);
  order_.ChangeStatus(slot, cell.status, workers_[slot]->status);
  cell.status = workers_[slot]->status;
  PutOnTimeline(slot);
  return worker;
}

WorkerPtr Model::Remove(std::uint32_t slot) {
  timelines_.Take(slot);
  order_.Erase(slot);
  regions_[pulses_[slot].region]->order.Erase(slot);
  ids_.Erase(slot);
  LeaveRegion(slot);
  WorkerPtr worker = std::move(workers_[slot]);
  workers_[slot] = nullptr;
  pulses_[slot] = PulseCell();
  unused_slots_.push_back(slot);
  --worker_count_;
  return worker;
}

void Model::Beat(std::uint32_t slot, const Moment& now, const std::optional<std::int32_t>& in_use) {
  PulseCell& cell = pulses_[slot];
  if (in_use && InUseOf(cell) != in_use) {
    const bool counts = cell.status == WorkerStatus::kActive;
    RegionTotals& totals = regions_[cell.region]->totals;
    if (counts) CountWorker(*workers_[slot], InUseOf(cell), -1, totals);
    cell.in_use = *in_use;
    cell.has_in_use = true;
    if (counts) CountWorker(*workers_[slot], in_use, 1, totals);
  }
  ++cell.total;
  cell.last_at = absl::ToUnixMicros(now.wall);
  cell.heard_at = now.listening;
  if (!timelines_.IsOn(slot)) {
    PutOnTimeline(slot);  // the first heartbeat of a Pending or Offline worker
  } else if (cell.status != WorkerStatus::kPending) {
    timelines_.Move(slot, now.listening);
  }
}

std::optional<std::string> Model::List(const WorkerFilter& filter, std::string_view after, int limit,
                                       int most, std::vector<WorkerView>& out) const {
  const OrderIndex* order = &order_;
  if (!filter.region.empty()) {
    const auto found = region_numbers_.find(filter.region);
    if (found == region_numbers_.end()) return std::nullopt;
    order = &regions_[found->second]->order;
  }
  const StatusMask statuses = StatusesOf(filter);
  std::optional<std::string> last;
  order->VisitAfter(after, statuses, [&](std::uint32_t slot) {
    if (Matches(filter, statuses, *workers_[slot])) out.push_back(View(slot));
    if (std::cmp_less(out.size(), limit) && --most > 0) return true;
    last = workers_[slot]->id;
    return false;
  });
  return last;
}

absl::btree_map<std::string, RegionTotals> Model::Totals() const {
  absl::btree_map<std::string, RegionTotals> totals;
  for (const auto& [name, number] : region_numbers_) totals.emplace(name, regions_[number]->totals);
  return totals;
}

std::vector<bool> Model::NumbersOf(const absl::flat_hash_set<std::string>& regions) const {
  std::vector<bool> numbers(regions_.size());
  for (const std::string& region : regions) {
    const auto found = region_numbers_.find(region);
    if (found != region_numbers_.end()) numbers[found->second] = true;
  }
  return numbers;
}

std::vector<RegionSilence> Model::SilentByRegion(std::span<const ReferenceRange> stale) const {
  std::vector<RegionSilence> regions;
  for (const auto& [name, number] : region_numbers_) {
    const Region& region = *regions_[number];
    std::int64_t silent = 0;
    if (stale.size() == 1) {
      silent = timelines_.CountIn(region.active, stale.front(), [&](std::uint32_t slot) {
        return Contains(stale.front(), ReferenceOf(slot));
      });
    } else {
      VisitSilentOf(region, stale, [&silent](std::uint32_t) { return ++silent > 0; });
    }
    if (silent == 0) continue;
    regions.push_back(
        {name, region.totals.by_status[static_cast<std::size_t>(WorkerStatus::kActive)], silent});
  }
  return regions;
}

}  // namespace muster

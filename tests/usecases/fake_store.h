// The reference: a store so simple that it is obviously correct, and therefore slow. Everything is copied,
// and every query looks at every worker.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/liveness.h"
#include "domain/worker_size.h"
#include "store/store.h"

namespace muster {

struct FakeState {
  struct Row {
    std::shared_ptr<const Worker> worker;
    Pulse pulse;
    std::vector<HeartbeatRecord> heartbeats;  // oldest first

    WorkerView View() const { return {worker, pulse, 0}; }
  };
  std::map<std::string, Row, std::less<>> rows;
  std::vector<Event> events;
  std::map<std::string, ListeningTime, std::less<>> holds;
  std::int64_t last_revision = 0;
  RollTimeouts timeouts;
};

/// The reads of the port over a state.
class FakeReads final : public ScanReads {
 public:
  Result<std::optional<WorkerView>> Find(std::string_view id) const override {
    if (broken_) return *broken_;
    const auto row = state_.rows.find(id);
    if (row == state_.rows.end()) return std::optional<WorkerView>();
    return std::optional(row->second.View());
  }

  Result<std::vector<WorkerView>> List(const WorkerFilter& filter, std::string_view after_id,
                                       ListLimit limit) const override {
    if (broken_) return *broken_;
    std::vector<WorkerView> found;
    std::int64_t bytes = 0;
    for (const auto& [id, row] : state_.rows) {
      if (after_id.compare(id) >= 0 || !Matches(*row.worker, filter) || bytes > limit.bytes) continue;
      found.push_back(row.View());
      bytes += WorkerBytes(*row.worker);
    }
    return First(std::move(found), limit.rows);
  }

  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override {
    if (broken_) return *broken_;
    const auto row = state_.rows.find(id);
    if (row == state_.rows.end()) return WorkerNotFound{std::string(id)};
    std::vector<HeartbeatRecord> found = row->second.heartbeats;
    std::reverse(found.begin(), found.end());
    std::erase_if(found, [before](const HeartbeatRecord& record) { return record.ordinal >= before; });
    return First(std::move(found), limit);
  }

  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override {
    if (broken_) return *broken_;
    std::vector<Event> found;
    for (const Event& event : state_.events) {
      const bool wanted = newest_first ? event.cursor < bound : event.cursor > bound;
      if (wanted && (worker_id.empty() || event.worker_id == worker_id)) found.push_back(event);
    }
    if (newest_first) std::reverse(found.begin(), found.end());
    return First(std::move(found), limit);
  }

  Result<std::vector<RegionTotals>> Totals() const override {
    if (broken_) return *broken_;
    std::map<std::string, RegionTotals> totals;
    for (const auto& [id, row] : state_.rows) {
      RegionTotals& region = totals[row.worker->config.region];
      region.region = row.worker->config.region;
      ++region.by_status[static_cast<int>(row.worker->status)];
      if (row.worker->status != WorkerStatus::kActive) continue;
      const std::int64_t capacity = row.worker->config.capacity;
      const std::int64_t in_use = row.pulse.in_use.value_or(0);
      region.capacity += capacity;
      region.in_use += in_use;
      region.free_capacity += std::max<std::int64_t>(0, capacity - in_use);
    }
    std::vector<RegionTotals> result;
    for (auto& [name, region] : totals) result.push_back(region);
    return result;
  }

  Result<std::vector<RegionHold>> Holds() const override {
    if (broken_) return *broken_;
    std::vector<RegionHold> result;
    for (const auto& [region, until] : state_.holds) result.push_back({region, until});
    return result;
  }

  Result<std::int64_t> LastCursor() const override {
    if (broken_) return *broken_;
    return state_.events.empty() ? std::int64_t{0} : state_.events.back().cursor;
  }

  std::string_view TokenKey() const override { return "the fake store's secret of 32 bytes"; }

  FakeState state_;
  std::optional<StoreUnavailable> broken_;  // every question is answered with it

 private:
  template <typename T>
  static std::vector<T> First(std::vector<T> all, int limit) {
    all.resize(std::min(all.size(), static_cast<std::size_t>(limit)));
    return all;
  }

  static bool Matches(const Worker& worker, const WorkerFilter& filter) {
    const auto has = [](const auto& all, const auto& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    if (!filter.statuses.empty() && !has(filter.statuses, worker.status)) return false;
    if (!filter.region.empty() && worker.config.region != filter.region) return false;
    if (!filter.capability.empty() && !has(worker.config.capabilities, filter.capability)) return false;
    return std::all_of(filter.metadata.begin(), filter.metadata.end(),
                       [&](const auto& entry) { return has(worker.config.metadata, entry); });
  }
};

class FakeWriteTx final : public WriteTx {
 public:
  FakeWriteTx() { beats_.reserve(1000); }

  void Begin(const FakeState& committed) {
    committed_ = committed;
    state_ = committed;
    beats_.clear();
  }

  FakeState Committed() {
    for (const Beat& beat : beats_) {
      const auto row = state_.rows.find(beat.worker->id);
      if (row == state_.rows.end()) continue;
      Pulse& pulse = row->second.pulse;
      ++pulse.total;
      pulse.last_at = beat.at.wall;
      pulse.heard_at = beat.at.listening;
      if (beat.in_use) pulse.in_use = beat.in_use;
      row->second.heartbeats.push_back({pulse.total, beat.at.wall});
    }
    return state_;
  }

  Result<std::optional<WorkerView>> Find(std::string_view id) const override {
    if (broken_) return *broken_;
    const auto row = state_.rows.find(id);
    if (row == state_.rows.end()) return std::optional<WorkerView>();
    return std::optional(row->second.View());
  }

  std::int64_t NextRevision() override { return ++state_.last_revision; }

  WorkerView Insert(Worker worker) override {
    std::string id = worker.id;
    auto& row = state_.rows[id];
    row = {std::make_shared<const Worker>(std::move(worker)), {}, {}};
    return row.View();
  }
  WorkerView Update(const WorkerView& view, Worker worker) override {
    auto& row = state_.rows.find(view.worker->id)->second;
    row.worker = std::make_shared<const Worker>(std::move(worker));
    return row.View();
  }
  void Remove(const WorkerView& view) override {
    std::erase_if(beats_, [&](const Beat& beat) { return beat.worker->id == view.worker->id; });
    state_.rows.erase(state_.rows.find(view.worker->id));
  }

  void RecordHeartbeat(const WorkerView& view, const Moment& now,
                       std::optional<std::int32_t> in_use) override {
    beats_.push_back({view.worker, now, in_use});
  }
  std::int64_t HeartbeatsRecorded(const WorkerView& view) const override {
    return view.pulse.total + std::count_if(beats_.begin(), beats_.end(), [&](const Beat& beat) {
             return beat.worker->id == view.worker->id;
           });
  }

  void Append(Event event) override {
    event.cursor = static_cast<std::int64_t>(state_.events.size()) + 1;
    state_.events.push_back(std::move(event));
  }
  void Hold(RegionHold hold) override { state_.holds[hold.region] = hold.until; }
  void Release(std::string_view region) override { state_.holds.erase(std::string(region)); }
  void SetTimeouts(RollTimeouts timeouts) override { state_.timeouts = std::move(timeouts); }
  const RollTimeouts& Timeouts() const override { return committed_.timeouts; }

  Result<std::vector<WorkerView>> PendingHeard(int limit) override {
    return Ask(limit, [](const FakeState::Row& row) { return ActivationApplies(row.View()); });
  }
  Result<std::vector<RegionSilence>> SilentByRegion(std::span<const ReferenceRange> stale) override {
    if (broken_) return *broken_;
    std::map<std::string, RegionSilence> regions;
    for (const auto& [id, row] : committed_.rows) {
      if (row.worker->status != WorkerStatus::kActive) continue;
      RegionSilence& region = regions[row.worker->config.region];
      region.region = row.worker->config.region;
      ++region.active;
      if (StaleDetectionApplies(row.View(), stale)) ++region.silent;
    }
    std::vector<RegionSilence> result;
    for (auto& [name, region] : regions) {
      if (region.silent > 0) result.push_back(region);
    }
    return result;
  }
  Result<std::vector<WorkerView>> Silent(std::span<const ReferenceRange> stale,
                                         const absl::flat_hash_set<std::string>& except, int limit) override {
    return Ask(limit, [&](const FakeState::Row& row) {
      return StaleDetectionApplies(row.View(), stale) && !except.contains(row.worker->config.region);
    });
  }
  Result<std::vector<WorkerView>> OfflineFresh(std::span<const ReferenceRange> stale, int limit) override {
    return Ask(limit, [&](const FakeState::Row& row) { return ReactivationApplies(row.View(), stale); });
  }

  Result<std::vector<RegionHold>> Holds() const override {
    if (broken_) return *broken_;
    std::vector<RegionHold> result;
    for (const auto& [region, until] : committed_.holds) result.push_back({region, until});
    return result;
  }

  FakeState state_;
  std::optional<StoreUnavailable> broken_;  // every question is answered with it

 private:
  struct Beat {
    std::shared_ptr<const Worker> worker;
    Moment at;
    std::optional<std::int32_t> in_use;
  };

  // The queries of the sweeps see what is committed.
  template <typename Condition>
  Result<std::vector<WorkerView>> Ask(int limit, const Condition& condition) const {
    if (broken_) return *broken_;
    std::vector<WorkerView> found;
    for (const auto& [id, row] : committed_.rows) {
      if (found.size() < static_cast<std::size_t>(limit) && condition(row)) found.push_back(row.View());
    }
    return found;
  }

  FakeState committed_;
  std::vector<Beat> beats_;
};

class FakeStore final : public Store {
 public:
  const ScanReads& Reader() const override { return reader_; }
  const PointReads* MemoryReads() const override { return &reader_; }
  WriteTx& Begin() override {
    writer_.Begin(reader_.state_);
    return writer_;
  }
  CommitResult Commit(const ProvenState& listening) override {
    reader_.state_ = writer_.Committed();
    listening_ = listening;
    return CommitResult::Committed(static_cast<std::int64_t>(reader_.state_.events.size()));
  }
  CommitResult CommitStep(const ProvenState& listening) override { return Commit(listening); }
  void Rollback() override {}
  bool Maintain(absl::Duration) override { return false; }
  std::int64_t WorkerCount() const override { return std::ssize(reader_.state_.rows); }
  std::optional<ProvenState> LastListening() const override { return listening_; }
  const RollTimeouts& Timeouts() const override { return reader_.state_.timeouts; }

  /// From now on every query fails, or none.
  void Break(bool broken) {
    reader_.broken_ = broken ? std::optional(StoreUnavailable{"broken"}) : std::nullopt;
    writer_.broken_ = reader_.broken_;
  }

 private:
  FakeReads reader_;
  FakeWriteTx writer_;
  std::optional<ProvenState> listening_;
};

}  // namespace muster

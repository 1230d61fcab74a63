#include "store/postgres/staged.h"

#include "store/postgres/beats.h"
#include "store/postgres/queries.h"
#include "store/postgres/registry_row.h"
#include "store/postgres/worker_rows.h"

namespace muster::postgres {
namespace {

// The worker is deleted first: that waits for heartbeats that are being written, so its history is complete
// when it is deleted.
constexpr Sql kRemoveWorkers = {"remove_workers", "DELETE FROM workers WHERE id = ANY ($1)"};
constexpr Sql kRemoveHistory = {"remove_history", "DELETE FROM worker_heartbeats WHERE worker_id = ANY ($1)"};
constexpr Sql kHold = {"hold",
                       "INSERT INTO region_holds (region, until) VALUES ($1, $2) "
                       "ON CONFLICT (region) DO UPDATE SET until = excluded.until"};
constexpr Sql kRelease = {"release", "DELETE FROM region_holds WHERE region = $1"};

// The division by zero makes the transaction fail, as in beats.cc.
constexpr Sql kRefusedStill = {"refused_still",
                               "SELECT 1 / (count(*) = cardinality($1))::int FROM unnest($1, $2) "
                               "AS seen (id, revision) JOIN workers w USING (id, revision)"};
constexpr Sql kAbsentStill = {"absent_still",
                              "SELECT 1 / (count(*) = 0)::int FROM workers WHERE id = ANY ($1)"};

}  // namespace

bool RefusedInError(const Failure& failure) {
  return LostRace(failure) &&
         (failure.statement == kRefusedStill.name || failure.statement == kAbsentStill.name);
}

void Staged::Clear() {
  entries_.clear();
  by_id_.clear();
  events_.clear();
  holds_.clear();
  timeouts_.reset();
  beats_.clear();
  moments_.clear();
  changes_ = false;
}

std::optional<std::uint32_t> Staged::Find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t Staged::Read(const WorkerView& view) {
  const auto [at, is_new] = by_id_.try_emplace(view.worker->id, static_cast<std::uint32_t>(entries_.size()));
  if (is_new) {
    Entry& entry = entries_.emplace_back();
    entry.id = view.worker->id;
    entry.was = entry.worker = view.worker;
    entry.pulse = view.pulse;
  }
  return at->second;
}

std::uint32_t Staged::ReadAbsent(std::string_view id) {
  if (const auto known = Find(id)) return *known;
  const auto entry = static_cast<std::uint32_t>(entries_.size());
  by_id_.emplace(id, entry);
  entries_.emplace_back().id = id;
  return entry;
}

void Staged::Write(std::uint32_t entry, Worker worker) {
  if (entries_[entry].worker == nullptr) entries_[entry].pulse = Pulse();
  entries_[entry].worker = std::make_shared<const Worker>(std::move(worker));
  entries_[entry].to_write = true;
  changes_ = true;
}

void Staged::Remove(std::uint32_t number) {
  Entry& entry = entries_[number];
  entry.worker = nullptr;
  entry.pulse = Pulse();
  entry.to_remove = entry.was != nullptr;
  entry.to_write = false;
  entry.beats_from = beats_.size();
  changes_ = true;
}

void Staged::Record(std::uint32_t entry, const Moment& now, std::optional<std::int32_t> in_use) {
  if (moments_.empty() || moments_.back().at.wall != now.wall ||
      moments_.back().at.listening != now.listening) {
    moments_.push_back({now, beats_.size()});
  }
  beats_.push_back({entry, in_use});
}

void Staged::Append(Event event) {
  events_.push_back(std::move(event));
  changes_ = true;
}

void Staged::Hold(std::string region, std::optional<ListeningTime> until) {
  holds_[std::move(region)] = until;
  changes_ = true;
}

void Staged::SetTimeouts(RollTimeouts timeouts) {
  timeouts_ = std::move(timeouts);
  changes_ = true;
}

std::int64_t Staged::Recorded(std::uint32_t entry) const {
  std::int64_t recorded = 0;
  for (std::size_t i = entries_[entry].beats_from; i < beats_.size(); ++i) {
    if (beats_[i].entry == entry) ++recorded;
  }
  return recorded;
}

std::int64_t Staged::added() const {
  std::int64_t added = 0;
  for (const Entry& entry : entries_) {
    if (!entry.to_write && !entry.to_remove) continue;
    added += (entry.worker != nullptr ? 1 : 0) - (entry.was != nullptr ? 1 : 0);
  }
  return added;
}

void Staged::AddChanges(std::int64_t last_cursor, Pipeline& pipeline) const {
  std::vector<std::string_view> removed;
  WorkerRows rows;
  for (const Entry& entry : entries_) {
    if (entry.to_remove) removed.push_back(entry.id);
    if (entry.to_write) rows.Add(*entry.worker);
  }
  if (!removed.empty()) {
    pipeline.Add(kRemoveWorkers, Ids(removed));
    pipeline.Add(kRemoveHistory, Ids(removed));
  }
  if (!rows.empty()) pipeline.Add(kUpsertWorkers, rows.parameters());
  if (!events_.empty()) pipeline.Add(kInsertEvents, EventRows(events_, last_cursor));
  for (const auto& [region, until] : holds_) {
    Parameters parameters;
    parameters.Text(region);
    if (until) parameters.Int64(until->micros());
    pipeline.Add(until ? kHold : kRelease, std::move(parameters));
  }
  if (timeouts_) pipeline.Add(kWriteTimeouts, WriteTimeouts(*timeouts_));
}

void Staged::AddHeartbeats(std::int64_t history, Pipeline& pipeline) const {
  for (std::size_t moment = 0; moment < moments_.size(); ++moment) {
    const std::size_t end = moment + 1 < moments_.size() ? moments_[moment + 1].first : beats_.size();
    std::vector<BeatsOfWorker> workers;
    std::vector<std::uint32_t> place(entries_.size(), UINT32_MAX);
    for (std::size_t i = moments_[moment].first; i < end; ++i) {
      const Entry& entry = entries_[beats_[i].entry];
      if (entry.worker == nullptr || i < entry.beats_from) continue;  // it was removed
      std::uint32_t& at = place[beats_[i].entry];
      if (at == UINT32_MAX) {
        at = static_cast<std::uint32_t>(workers.size());
        workers.push_back({entry.id, entry.worker->revision, 0, std::nullopt});
      }
      ++workers[at].beats;
      if (beats_[i].in_use) workers[at].in_use = beats_[i].in_use;
    }
    if (!workers.empty()) AddBeats(std::move(workers), moments_[moment].at, history, pipeline);
  }
}

std::vector<std::uint32_t> Staged::RefusedByCache() const {
  std::vector<bool> heard(entries_.size());
  for (const Beat& beat : beats_) heard[beat.entry] = true;
  std::vector<std::uint32_t> refused;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].by_cache && entries_[i].asked && !heard[i]) refused.push_back(i);
  }
  return refused;
}

void Staged::AddChecks(Pipeline& pipeline) const {
  TextArray ids;
  Int64Array revisions;
  std::vector<std::string_view> absent;
  for (const std::uint32_t refused : RefusedByCache()) {
    const Entry& entry = entries_[refused];
    if (entry.worker == nullptr) {
      absent.push_back(entry.id);
    } else {
      ids.Add(entry.id);
      revisions.Add(entry.worker->revision);
    }
  }
  if (ids.size() > 0) {
    Parameters parameters;
    parameters.Array(ids).Array(revisions);
    pipeline.Add(kRefusedStill, std::move(parameters));
  }
  if (!absent.empty()) pipeline.Add(kAbsentStill, Ids(absent));
}

}  // namespace muster::postgres

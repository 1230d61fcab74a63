#include "store/postgres/transaction.h"

#include <algorithm>
#include <utility>

#include "store/postgres/beats.h"
#include "store/postgres/queries.h"
#include "store/postgres/worker_rows.h"

namespace muster::postgres {
namespace {

// The worker goes first: that waits for heartbeats on their way, and its history is complete when it goes.
constexpr Sql kRemoveWorkers = {"remove_workers", "DELETE FROM workers WHERE id = ANY ($1)"};
constexpr Sql kRemoveHistory = {"remove_history", "DELETE FROM worker_heartbeats WHERE worker_id = ANY ($1)"};
constexpr Sql kHold = {"hold",
                       "INSERT INTO region_holds (region, until) VALUES ($1, $2) "
                       "ON CONFLICT (region) DO UPDATE SET until = excluded.until"};
constexpr Sql kRelease = {"release", "DELETE FROM region_holds WHERE region = $1"};

Parameters Ids(const std::vector<std::string_view>& ids) {
  TextArray array;
  for (const std::string_view id : ids) array.Add(id);
  Parameters parameters;
  parameters.Array(array);
  return parameters;
}

}  // namespace

bool Transaction::Start(Kind kind) {
  kind_ = kind;
  needs_lock_ = false;
  entries_.clear();
  by_id_.clear();
  events_.clear();
  holds_.clear();
  beats_.clear();
  moments_.clear();
  added_ = 0;
  staged_ = false;
  failure_ = session_.Ready();
  return !failure_;
}

void Transaction::BeginLocked(const std::vector<std::string_view>& ids) {
  if (!Start(Kind::kLocked)) return;
  Pipeline pipeline;
  pipeline.Add(kBegin);
  const std::size_t roll = pipeline.Add(kLockRoll);
  if (!ids.empty()) pipeline.Add(kLockWorkers, Ids(ids));
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) {
    (void)Fail(answers.failure());
    return;
  }
  roll_ = ReadRoll((*answers)[roll]);
  revision_ = roll_.last_revision;
  cursor_ = roll_.last_cursor;
  if (ids.empty()) return;
  for (const WorkerView& view : ReadWorkers(answers->back())) entries_[Note(view)].locked = true;
  for (const std::string_view id : ids) NoteAbsent(id);
}

void Transaction::BeginLight(const std::vector<std::string_view>& ids, bool fresh) {
  if (!Start(Kind::kLight)) return;
  std::vector<std::string_view> unknown;
  for (const std::string_view id : ids) {
    std::shared_ptr<const Worker> worker = fresh ? nullptr : cache_.Find(id);
    if (worker == nullptr) {
      unknown.push_back(id);
    } else {
      entries_[Note({std::move(worker), Pulse(), 0})].by_cache = true;
    }
  }
  if (unknown.empty()) return;
  const Reply<Rows> found = session_.Run(kFindWorkers, Ids(unknown));
  if (!found.ok()) {
    (void)Fail(found.failure());
    return;
  }
  for (WorkerView& view : ReadWorkers(*found)) {
    cache_.Put(view.worker);
    Note(view);
  }
  for (const std::string_view id : unknown) NoteAbsent(id);
}

void Transaction::Abandon() {
  session_.Abandon();
  kind_ = Kind::kNone;
}

bool Transaction::NeedsFresh() const {
  if (kind_ != Kind::kLight) return false;
  std::vector<bool> heard(entries_.size());
  for (const Beat& beat : beats_) heard[beat.entry] = true;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].by_cache && !heard[i]) return true;
  }
  return false;
}

Reply<Nothing> Transaction::Commit(const ListeningState& clock, std::string_view runner,
                                   std::int64_t runner_beat) {
  if (failure_) return *failure_;
  Pipeline pipeline;
  const bool locked = kind_ == Kind::kLocked;
  if (locked) AddChanges(pipeline);
  AddHeartbeats(pipeline);
  if (locked) {
    pipeline.Add(kWriteRoll,
                 WriteRoll(revision_, cursor_, roll_.workers + added_, clock, runner, runner_beat));
    pipeline.Add(kCommit);
  }
  if (!pipeline.empty()) {
    Reply<std::vector<Rows>> answers = session_.Run(pipeline);
    if (!answers.ok()) return std::move(answers).failure();
  }
  for (const Entry& entry : entries_) {
    if (entry.worker == nullptr) {
      cache_.Forget(entry.id);
    } else if (!entry.by_cache) {
      cache_.Put(entry.worker);
    }
  }
  kind_ = Kind::kNone;
  return Nothing{};
}

bool Transaction::Empty() const {
  return !staged_ && beats_.empty();
}

WorkerError Transaction::Fail(Failure failure) const {
  failure.in_doubt = false;  // there was no COMMIT
  StoreUnavailable error = failure_ ? WhyUnavailable(failure) : Report(failure, "a transaction");
  if (!failure_) failure_ = std::move(failure);
  return error;
}

template <typename T>
Result<T> Transaction::Answer(Reply<T> reply) const {
  if (!reply.ok()) return Fail(std::move(reply).failure());
  return *std::move(reply);
}

// What was read and staged.

std::uint32_t Transaction::Note(const WorkerView& view) const {
  const auto [at, is_new] = by_id_.try_emplace(view.worker->id, static_cast<std::uint32_t>(entries_.size()));
  if (is_new) {
    Entry& entry = entries_.emplace_back();
    entry.id = view.worker->id;
    entry.worker = view.worker;
    entry.pulse = view.pulse;
    entry.on_server = true;
  }
  return at->second;
}

std::vector<WorkerView> Transaction::NoteAll(std::vector<WorkerView> views) const {
  for (WorkerView& view : views) view.handle = Note(view);
  return views;
}

void Transaction::NoteAbsent(std::string_view id) const {
  if (by_id_.contains(id)) return;
  by_id_.emplace(id, static_cast<std::uint32_t>(entries_.size()));
  entries_.emplace_back().id = id;
}

WorkerView Transaction::ViewOf(std::uint32_t entry) const {
  return {entries_[entry].worker, entries_[entry].pulse, entry};
}

Result<std::optional<WorkerView>> Transaction::Find(std::string_view id) const {
  if (failure_) return Fail(*failure_);
  auto known = by_id_.find(id);
  if (known == by_id_.end()) {
    Result<std::optional<WorkerView>> found = Answer(FindWorker(session_, id));
    if (!found.ok()) return found;
    if (*found) {
      Note(**found);
    } else {
      NoteAbsent(id);
    }
    known = by_id_.find(id);
  }
  if (entries_[known->second].worker == nullptr) return std::optional<WorkerView>();
  return std::optional(ViewOf(known->second));
}

std::int64_t Transaction::NextRevision() {
  if (kind_ == Kind::kLight) needs_lock_ = true;
  return ++revision_;
}

void Transaction::Stage(std::uint32_t entry, Worker worker) {
  if (kind_ == Kind::kLight) needs_lock_ = true;
  revision_ = std::max(revision_, worker.revision);
  entries_[entry].worker = std::make_shared<const Worker>(std::move(worker));
  entries_[entry].to_write = true;
  staged_ = true;
}

WorkerView Transaction::Insert(Worker worker) {
  NoteAbsent(worker.id);
  const std::uint32_t entry = by_id_.find(worker.id)->second;
  entries_[entry].pulse = Pulse();
  Stage(entry, std::move(worker));
  ++added_;
  return ViewOf(entry);
}

WorkerView Transaction::Update(const WorkerView& view, Worker worker) {
  Stage(view.handle, std::move(worker));
  return ViewOf(view.handle);
}

void Transaction::Remove(const WorkerView& view) {
  if (kind_ == Kind::kLight) needs_lock_ = true;
  Entry& entry = entries_[view.handle];
  entry.worker = nullptr;
  entry.pulse = Pulse();
  entry.to_remove = entry.to_remove || entry.on_server;
  entry.to_write = false;
  entry.beats_from = beats_.size();
  staged_ = true;
  --added_;
}

void Transaction::RecordHeartbeat(const WorkerView& view, const Moment& now,
                                  std::optional<std::int32_t> in_use) {
  if (moments_.empty() || moments_.back().at.wall != now.wall ||
      moments_.back().at.listening != now.listening) {
    moments_.push_back({now, beats_.size()});
  }
  beats_.push_back({view.handle, in_use});
}

void Transaction::Append(Event event) {
  if (kind_ == Kind::kLight) needs_lock_ = true;
  event.cursor = ++cursor_;
  events_.push_back(std::move(event));
  staged_ = true;
}

void Transaction::Hold(RegionHold hold) {
  holds_[std::move(hold.region)] = hold.until;
  staged_ = true;
}

void Transaction::Release(std::string_view region) {
  holds_[std::string(region)] = std::nullopt;
  staged_ = true;
}

std::int64_t Transaction::HeartbeatsRecorded(const WorkerView& view) const {
  const Entry& entry = entries_[view.handle];
  std::int64_t recorded = entry.locked ? entry.pulse.total : 0;
  if (entry.on_server && !entry.to_remove && !entry.locked && !failure_) {
    const Result<std::optional<std::int64_t>> total = Answer(LockTotal(session_, entry.id));
    if (total.ok()) recorded = total->value_or(0);
  }
  for (std::size_t i = entry.beats_from; i < beats_.size(); ++i) {
    if (beats_[i].entry == view.handle) ++recorded;
  }
  return recorded;
}

// To the server.

void Transaction::AddChanges(Pipeline& pipeline) const {
  std::vector<std::string_view> removed;
  WorkerRows rows;
  for (Entry& entry : entries_) {
    if (entry.to_remove) removed.push_back(entry.id);
    if (entry.to_write) rows.Add(*entry.worker);
    if (entry.to_remove || entry.to_write) entry.on_server = entry.worker != nullptr;
    entry.to_remove = entry.to_write = false;
  }
  if (!removed.empty()) {
    pipeline.Add(kRemoveWorkers, Ids(removed));
    pipeline.Add(kRemoveHistory, Ids(removed));
  }
  if (!rows.empty()) pipeline.Add(kUpsertWorkers, rows.parameters());
  if (!events_.empty()) pipeline.Add(kInsertEvents, EventRows(events_));
  events_.clear();
  for (const auto& [region, until] : holds_) {
    Parameters parameters;
    parameters.Text(region);
    if (until) parameters.Int64(until->micros());
    pipeline.Add(until ? kHold : kRelease, std::move(parameters));
  }
  holds_.clear();
}

void Transaction::AddHeartbeats(Pipeline& pipeline) const {
  for (std::size_t moment = 0; moment < moments_.size(); ++moment) {
    const std::size_t end = moment + 1 < moments_.size() ? moments_[moment + 1].first : beats_.size();
    std::vector<BeatsOfWorker> workers;
    std::vector<std::uint32_t> place(entries_.size(), UINT32_MAX);
    for (std::size_t i = moments_[moment].first; i < end; ++i) {
      const Entry& entry = entries_[beats_[i].entry];
      if (entry.worker == nullptr || i < entry.beats_from) continue;  // it went away
      std::uint32_t& at = place[beats_[i].entry];
      if (at == UINT32_MAX) {
        at = static_cast<std::uint32_t>(workers.size());
        workers.push_back({entry.id, entry.worker->revision, 0, std::nullopt});
      }
      ++workers[at].beats;
      if (beats_[i].in_use) workers[at].in_use = beats_[i].in_use;
    }
    if (!workers.empty()) AddBeats(std::move(workers), moments_[moment].at, options_.history, pipeline);
  }
}

Outcome Transaction::Flush() const {
  if (failure_) return Fail(*failure_);
  if (kind_ != Kind::kLocked) return Ok();  // what a light one has staged will never be written
  Pipeline pipeline;
  AddChanges(pipeline);
  if (pipeline.empty()) return Ok();
  Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) return Fail(std::move(answers).failure());
  return Ok();
}

// Questions.

Result<std::vector<WorkerView>> Transaction::List(const WorkerFilter& filter, std::string_view after_id,
                                                  int limit) const {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  Result<std::vector<WorkerView>> found = Answer(ListWorkers(session_, filter, after_id, limit));
  if (!found.ok()) return found;
  return NoteAll(*std::move(found));
}

Result<std::vector<HeartbeatRecord>> Transaction::Heartbeats(std::string_view id, std::int64_t before,
                                                             int limit) const {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  Result<std::optional<std::vector<HeartbeatRecord>>> found =
      Answer(ListHeartbeats(session_, id, before, limit, options_.history));
  if (!found.ok()) return found.error();
  if (!*found) return WorkerNotFound{std::string(id)};
  return **std::move(found);
}

Result<std::vector<Event>> Transaction::Events(std::string_view worker_id, std::int64_t bound,
                                               bool newest_first, int limit) const {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  return Answer(ListEvents(session_, worker_id, bound, newest_first, limit, options_.max_events));
}

Result<std::vector<RegionTotals>> Transaction::Totals() const {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  return Answer(CountRegions(session_));
}

Result<std::vector<RegionHold>> Transaction::Holds() const {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  return Answer(ListHolds(session_));
}

Result<std::int64_t> Transaction::LastCursor() const {
  if (failure_) return Fail(*failure_);
  return cursor_;
}

Result<std::vector<WorkerView>> Transaction::PendingHeard(int limit) {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  Result<std::vector<WorkerView>> found = Answer(postgres::PendingHeard(session_, limit));
  if (!found.ok()) return found;
  return NoteAll(*std::move(found));
}

Result<std::vector<RegionSilence>> Transaction::SilentByRegion(ListeningTime cutoff) {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  return Answer(postgres::SilentByRegion(session_, cutoff));
}

Result<std::vector<WorkerView>> Transaction::Silent(ListeningTime cutoff,
                                                    const absl::flat_hash_set<std::string>& except,
                                                    int limit) {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  const std::vector<std::string> regions(except.begin(), except.end());
  Result<std::vector<WorkerView>> found = Answer(postgres::Silent(session_, cutoff, regions, limit));
  if (!found.ok()) return found;
  return NoteAll(*std::move(found));
}

Result<std::vector<WorkerView>> Transaction::OfflineHeardAfter(ListeningTime cutoff, int limit) {
  if (const Outcome told = Flush(); !told.ok()) return told.error();
  Result<std::vector<WorkerView>> found = Answer(postgres::OfflineHeardAfter(session_, cutoff, limit));
  if (!found.ok()) return found;
  return NoteAll(*std::move(found));
}

}  // namespace muster::postgres

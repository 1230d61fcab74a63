#include "store/postgres/transaction.h"

#include <algorithm>
#include <utility>

#include "store/postgres/queries.h"
#include "store/postgres/totals.h"
#include "store/postgres/worker_rows.h"

namespace muster::postgres {
namespace {

bool SameHolds(const std::vector<RegionHold>& a, const std::vector<RegionHold>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RegionHold& x, const RegionHold& y) {
    return x.region == y.region && x.until == y.until;
  });
}

}  // namespace

// Beginning and ending.

bool Transaction::Start(Kind kind) {
  kind_ = kind;
  locked_ = refused_ = needs_lock_ = open_ = any_held_ = false;
  staged_.Clear();
  holds_.reset();
  silence_.reset();
  failure_ = session_.Ready();
  return !failure_;
}

void Transaction::BeginLocked(const std::vector<std::string_view>& ids) {
  if (!Start(Kind::kLocked)) return;
  std::vector<std::string_view> rest;
  const std::vector<std::string_view> suspects = Suspects(ids, &rest);
  Pipeline pipeline;
  AddRegistryLock(pipeline);
  const std::size_t at = pipeline.size();
  if (!rest.empty()) pipeline.Add(kLockWorkers, Ids(rest));
  if (!suspects.empty()) AddSuspects(suspects, pipeline);
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) return Remember(answers.error());
  if (!RegistryIsLocked(*answers)) return;
  const auto lock = [&](const Reply<std::vector<WorkerView>>& found) {
    if (!found.ok()) return Remember(found.error());
    for (const WorkerView& view : *found) staged_[staged_.Read(view)].locked = true;
  };
  if (!rest.empty()) lock(ReadWorkers((*answers)[at]));
  if (!suspects.empty()) lock(SortSuspects((*answers)[answers->size() - 2], answers->back()));
  for (const std::string_view id : ids) (void)staged_.ReadAbsent(id);
}

void Transaction::BeginLight(const std::vector<std::string_view>& ids, bool fresh) {
  if (!Start(Kind::kLight)) return;
  std::vector<std::string_view> unknown;
  const std::vector<std::string_view> suspects = Suspects(ids, nullptr);
  for (const std::string_view id : ids) {
    if (std::shared_ptr<const Worker> worker = fresh ? nullptr : cache_.Find(id)) {
      staged_[staged_.Read({std::move(worker), Pulse(), 0})].by_cache = true;
    } else if (!fresh && cache_.IsAbsent(id)) {
      staged_[staged_.ReadAbsent(id)].by_cache = true;
    } else {
      unknown.push_back(id);
    }
  }
  Pipeline pipeline;
  open_ = !suspects.empty();
  if (open_) {
    pipeline.Add(kBegin);
    AddSuspects(suspects, pipeline);
  }
  if (!unknown.empty()) pipeline.Add(kFindWorkers, Ids(unknown));
  if (pipeline.empty()) return;
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) return Remember(answers.error());
  if (!unknown.empty()) {
    const Reply<std::vector<WorkerView>> found = ReadWorkers(answers->back());
    if (!found.ok()) return Remember(found.error());
    for (const WorkerView& view : *found) {
      cache_.Put(view.worker);
      staged_.Read(view);
    }
    for (const std::string_view id : unknown) {
      if (staged_[staged_.ReadAbsent(id)].was == nullptr) cache_.PutAbsent(id);
    }
  }
  if (!open_) return;
  const Reply<std::vector<WorkerView>> free = SortSuspects((*answers)[1], (*answers)[2]);
  if (!free.ok()) Remember(free.error());
}

void Transaction::BeginStep() {
  (void)Start(Kind::kStep);
}

void Transaction::Abandon() {
  session_.Abandon();
  kind_ = Kind::kNone;
  locked_ = open_ = false;
}

void Transaction::ForgetRefused() {
  for (const std::uint32_t refused : staged_.RefusedByCache()) cache_.Forget(staged_[refused].id);
}

Reply<Nothing> Transaction::Commit(const ProvenState* clock) {
  if (failure_) return *failure_;
  Pipeline pipeline;
  if (locked_) staged_.AddChanges(registry_.last_cursor, pipeline);
  staged_.AddHeartbeats(history_, pipeline);
  RegistryRow registry = registry_;
  if (locked_) {
    registry.last_revision = revision_;
    registry.last_cursor += staged_.events();
    registry.workers += staged_.added();
    if (kind_ == Kind::kStep) runs_.Claim(registry);
    if (registry.totals_are_kept) AddTotals(staged_, pipeline);
    pipeline.Add(kWriteRegistry, WriteRegistry(registry, clock));
  } else {
    staged_.AddChecks(pipeline);
  }
  if (locked_ || open_) pipeline.Add(kCommit);
  if (!pipeline.empty()) {
    Reply<std::vector<Rows>> answers = session_.Run(pipeline);
    if (!answers.ok()) return std::move(answers).error();
  }
  for (const Staged::Entry& entry : staged_.entries()) {
    if (entry.by_cache) continue;
    if (entry.worker != nullptr) {
      cache_.Put(entry.worker);
    } else if (entry.was != nullptr) {
      cache_.Forget(entry.id);
    }
  }
  registry_ = std::move(registry);
  if (staged_.timeouts()) timeouts_ = *staged_.timeouts();
  kind_ = Kind::kNone;
  locked_ = open_ = false;
  return Nothing{};
}

bool Transaction::CountTotals() {
  BeginLocked({});
  if (failure_) return false;
  Pipeline pipeline;
  AddTotalsAnew(pipeline);
  pipeline.Add(kCommit);
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) Remember(answers.error());
  Abandon();
  return answers.ok();
}

WorkerError Transaction::Fail(Failure failure) const {
  failure.in_doubt = false;  // there was no COMMIT
  if (RegistryIsHeld(failure)) patient_ = false;
  StoreUnavailable error = failure_ ? WhyUnavailable(failure) : Report(failure, "a transaction");
  if (!failure_) failure_ = std::move(failure);
  return error;
}

void Transaction::Remember(Failure failure) {
  (void)Fail(std::move(failure));
}

// The row of the roll.

void Transaction::AddRegistryLock(Pipeline& pipeline) const {
  pipeline.Add(kBegin);
  pipeline.Add(patient_ ? kPatiently : kBriefly);
  pipeline.Add(kLockRegistry);
  pipeline.Add(kLockTimeoutAgain);
  if (kind_ == Kind::kStep) pipeline.Add(kListHolds);
}

bool Transaction::RegistryIsLocked(const std::vector<Rows>& answers) {
  locked_ = patient_ = true;
  Reply<RegistryRow> registry = ReadRegistry(answers[2]);
  if (!registry.ok()) {
    Remember(registry.error());
    return false;
  }
  registry_ = *std::move(registry);
  revision_ = registry_.last_revision;
  timeouts_ = registry_.timeouts;
  if (kind_ != Kind::kStep) return true;
  const Reply<std::vector<RegionHold>> holds = ReadHolds(answers[4]);
  if (!holds.ok()) {
    Remember(holds.error());
    return false;
  }
  refused_ = !runs_.MayGoOn(registry_) || (holds_ && !SameHolds(*holds_, *holds));
  if (refused_) {
    session_.Abandon();
    locked_ = false;
  }
  return locked_;
}

bool Transaction::ClaimRun() {
  if (failure_ || refused_) return false;
  if (locked_) return true;
  Pipeline pipeline;
  AddRegistryLock(pipeline);
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (answers.ok()) return RegistryIsLocked(*answers);
  Remember(answers.error());
  return false;
}

// Rows that other programs hold.

std::vector<std::string_view> Transaction::Suspects(const std::vector<std::string_view>& ids,
                                                    std::vector<std::string_view>* rest) const {
  std::vector<std::string_view> suspects;
  if (held_.empty()) {
    if (rest != nullptr) *rest = ids;
    return suspects;
  }
  for (const std::string_view id : ids) {
    if (held_.Contains(id)) {
      suspects.push_back(id);
    } else if (rest != nullptr) {
      rest->push_back(id);
    }
  }
  return suspects;
}

void Transaction::AddSuspects(const std::vector<std::string_view>& suspects, Pipeline& pipeline) {
  pipeline.Add(kLockFreeWorkers, Ids(suspects));
  pipeline.Add(kFindIds, Ids(suspects));
}

Reply<std::vector<WorkerView>> Transaction::SortSuspects(const Rows& free, const Rows& there) {
  Reply<std::vector<WorkerView>> views = ReadWorkers(free);
  if (!views.ok()) return views;
  absl::flat_hash_set<std::string_view> is_free;
  for (const WorkerView& view : *views) {
    is_free.insert(view.worker->id);
    held_.Freed(view.worker->id);
  }
  for (int row = 0; row < there.size(); ++row) {
    const std::string_view id = there.Text(row, 0);
    if (is_free.contains(id)) continue;
    held_.Saw(id);
    if (kind_ == Kind::kNone) continue;
    any_held_ = true;
    staged_[staged_.ReadAbsent(id)].held = true;
  }
  return Checked(there, *std::move(views));
}

Reply<Nothing> Transaction::LookForHeld(const std::vector<std::string_view>& ids) {
  kind_ = Kind::kNone;
  Pipeline pipeline;
  AddSuspects(ids, pipeline);
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) return answers.error();
  const Reply<std::vector<WorkerView>> free = SortSuspects((*answers)[0], (*answers)[1]);
  if (!free.ok()) return free.error();
  return Nothing{};
}

absl::Duration Transaction::HeldFor(std::string_view id) const {
  const std::optional<std::uint32_t> entry = staged_.Find(id);
  return entry && staged_[*entry].held ? held_.For(id) : absl::ZeroDuration();
}

// Decisions.

Result<std::optional<WorkerView>> Transaction::Find(std::string_view id) const {
  if (failure_) return Fail(*failure_);
  std::optional<std::uint32_t> entry = staged_.Find(id);
  if (!entry) {
    const Result<std::optional<WorkerView>> found = Answer(FindWorker(session_, id));
    if (!found.ok()) return found;
    entry = *found ? staged_.Read(**found) : staged_.ReadAbsent(id);
  }
  if (staged_[*entry].held) return StoreUnavailable{"another program holds the worker's row in the database"};
  staged_[*entry].asked = true;
  if (staged_[*entry].worker == nullptr) return std::optional<WorkerView>();
  return std::optional(staged_.ViewOf(*entry));
}

void Transaction::NeedLock() {
  needs_lock_ = needs_lock_ || kind_ == Kind::kLight;
}

std::int64_t Transaction::NextRevision() {
  NeedLock();
  if (kind_ == Kind::kStep) (void)ClaimRun();  // it counts on from the revision of the roll
  return ++revision_;
}

WorkerView Transaction::Insert(Worker worker) {
  const std::uint32_t entry = staged_.ReadAbsent(worker.id);
  return Stage(entry, std::move(worker));
}

WorkerView Transaction::Update(const WorkerView& view, Worker worker) {
  return Stage(view.handle, std::move(worker));
}

WorkerView Transaction::Stage(std::uint32_t entry, Worker worker) {
  NeedLock();
  revision_ = std::max(revision_, worker.revision);
  staged_.Write(entry, std::move(worker));
  return staged_.ViewOf(entry);
}

void Transaction::Remove(const WorkerView& view) {
  NeedLock();
  staged_.Remove(view.handle);
}

void Transaction::RecordHeartbeat(const WorkerView& view, const Moment& now,
                                  std::optional<std::int32_t> in_use) {
  staged_.Record(view.handle, now, in_use);
}

void Transaction::Append(Event event) {
  NeedLock();
  staged_.Append(std::move(event));
}

void Transaction::Hold(RegionHold hold) {
  NeedLock();
  staged_.Hold(std::move(hold.region), hold.until);
}

void Transaction::Release(std::string_view region) {
  NeedLock();
  staged_.Hold(std::string(region), std::nullopt);
}

void Transaction::SetTimeouts(RollTimeouts timeouts) {
  NeedLock();
  staged_.SetTimeouts(std::move(timeouts));
}

std::int64_t Transaction::HeartbeatsRecorded(const WorkerView& view) const {
  const Staged::Entry& entry = staged_[view.handle];
  std::int64_t recorded = entry.locked ? entry.pulse.total : 0;
  if (entry.was != nullptr && !entry.to_remove && !entry.locked && !failure_) {
    const Result<std::optional<std::int64_t>> total = Answer(LockTotal(session_, entry.id));
    if (total.ok()) recorded = total->value_or(0);
  }
  return recorded + staged_.Recorded(view.handle);
}

}  // namespace muster::postgres

// The sweeps' questions of a transaction: see sweep_questions.h.
#include <algorithm>
#include <utility>

#include "store/postgres/queries.h"
#include "store/postgres/transaction.h"
#include "store/postgres/worker_rows.h"

namespace muster::postgres {

Result<std::vector<RegionHold>> Transaction::Holds() const {
  if (failure_) return Fail(*failure_);
  Result<std::vector<RegionHold>> holds = Answer(ListHolds(session_));
  if (holds.ok()) holds_ = *holds;
  return holds;
}

Result<std::vector<WorkerView>> Transaction::PendingHeard(int limit) {
  return FindAndLock(postgres::PendingHeard(), limit);
}

Result<std::vector<RegionSilence>> Transaction::SilentByRegion(std::span<const ReferenceRange> stale) {
  if (failure_) return Fail(*failure_);
  Result<std::vector<RegionSilence>> silent = Answer(postgres::SilentByRegion(session_, stale));
  if (!silent.ok()) return silent;
  silence_ = SilenceSeen{{stale.begin(), stale.end()}, {}};
  for (const RegionSilence& region : *silent) silence_->regions.push_back(region.region);
  return silent;
}

Result<std::vector<WorkerView>> Transaction::Silent(std::span<const ReferenceRange> stale,
                                                    const absl::flat_hash_set<std::string>& except,
                                                    int limit) {
  if (silence_ && silence_->Excludes(stale, except)) return std::vector<WorkerView>();
  return FindAndLock(postgres::Silent(stale, except), limit);
}

Result<std::vector<WorkerView>> Transaction::OfflineFresh(std::span<const ReferenceRange> stale, int limit) {
  return FindAndLock(postgres::OfflineFresh(stale), limit);
}

Result<std::vector<WorkerView>> Transaction::FindAndLock(const SweepQuestion& question, int limit) {
  if (failure_) return Fail(*failure_);
  std::vector<WorkerView> found;
  if (refused_) return found;
  if (kind_ != Kind::kStep || !candidates_.Suffice(question, limit)) {
    const int most = kind_ == Kind::kStep ? std::max(limit, Candidates::kMax) : limit;
    Result<std::vector<std::string>> ids = Answer(Probe(session_, question, most));
    if (!ids.ok()) return ids.error();
    const bool all = ids->size() < static_cast<std::size_t>(most);
    candidates_.Set(question, *std::move(ids), all);
  }
  const auto step = static_cast<std::size_t>(limit);
  while (found.size() < step) {
    const std::vector<std::string_view> ids = candidates_.Take(step - found.size());
    if (ids.empty()) break;
    const Result<std::vector<WorkerView>> locked = Answer(Lock(question, ids));
    if (!locked.ok()) return locked.error();
    if (refused_) return std::vector<WorkerView>();
    found.insert(found.end(), locked->begin(), locked->end());
  }
  if (found.size() < step) candidates_.Clear();  // the run ends
  return found;
}

Reply<std::vector<WorkerView>> Transaction::Lock(const SweepQuestion& question,
                                                 const std::vector<std::string_view>& ids) {
  Pipeline pipeline;
  const bool first = !locked_;
  if (first) AddRegistryLock(pipeline);
  AddLock(question, ids, pipeline);
  const Reply<std::vector<Rows>> answers = session_.Run(pipeline);
  if (!answers.ok()) return answers.error();
  if (first && !RegistryIsLocked(*answers))
    return failure_ ? Reply<std::vector<WorkerView>>(*failure_) : std::vector<WorkerView>();
  Reply<std::vector<WorkerView>> views = ReadWorkers(answers->back());
  if (!views.ok()) return views;
  // If a heartbeat waits for the row, the worker was heard, although the row does not say so yet.
  std::erase_if(*views, [this](const WorkerView& view) { return held_.Contains(view.worker->id); });
  for (WorkerView& view : *views) {
    const std::uint32_t entry = staged_.Read(view);
    staged_[entry].locked = true;
    view = staged_.ViewOf(entry);
  }
  return views;
}

}  // namespace muster::postgres

// The sweeps' questions: which workers a job would move. What they answer stands in store/store.h.
//
// Each is asked twice. A probe looks for ids, as any reader does: it locks nothing and waits for nobody, and
// nearly always there is none. Those that it finds are then locked by their ids, and the question is asked
// again of them alone: so that no heartbeat comes between the answer and the commit, and the time under the
// lock goes by what is moved. A worker whose row is locked is left out: with the roll's row ours, it is heard
// at this very moment, or in another program's hands. So a sweep never waits for heartbeats, whatever order
// they lock in, and is never part of a deadlock.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "store/postgres/failure.h"
#include "store/postgres/session.h"
#include "store/store.h"

namespace muster::postgres {

struct SweepQuestion {
  const Sql* probe;      // ids; the last parameter is how many at most
  const Sql* lock;       // workers; the last parameter is the ids
  Parameters arguments;  // the others
};

SweepQuestion PendingHeard();
SweepQuestion Silent(ListeningTime cutoff, const absl::flat_hash_set<std::string>& except);
SweepQuestion OfflineHeardAfter(ListeningTime cutoff);

/// At most `limit` ids, in any order.
Reply<std::vector<std::string>> Probe(Session& session, const SweepQuestion& question, int limit);
/// Adds the statement that locks those of `ids` for which the question still holds, and answers with them.
void AddLock(const SweepQuestion& question, const std::vector<std::string_view>& ids, Pipeline& pipeline);

/// One look at the workers, and the counts of the regions that have silent ones.
Reply<std::vector<RegionSilence>> SilentByRegion(Session& session, ListeningTime cutoff);

/// What a step has seen of silence: so that it need not look for silent workers where there are none.
struct SilenceSeen {
  ListeningTime cutoff;
  std::vector<std::string> regions;

  /// Whether no worker can be silent since `until` in another region than `except`.
  bool Excludes(ListeningTime until, const absl::flat_hash_set<std::string>& except) const;
};

/// What a probe found beyond the step that it was made for: the next steps of the same run need not look
/// again. Each of them is checked again when it is locked.
class Candidates {
 public:
  /// As many are looked for at once.
  static constexpr int kMax = 50'000;

  /// Enough of them for a step of so many, or all that there are.
  bool Suffice(const SweepQuestion& question, int step) const {
    return probe_ == question.probe && (all_ || ids_.size() - next_ >= static_cast<std::size_t>(step));
  }
  /// `all`: there were no more.
  void Set(const SweepQuestion& question, std::vector<std::string> ids, bool all) {
    *this = Candidates();
    probe_ = question.probe;
    ids_ = std::move(ids);
    all_ = all;
  }
  void Clear() { *this = Candidates(); }
  /// The next ones, at most so many; they live until Set or Clear.
  std::vector<std::string_view> Take(std::size_t count);

 private:
  const Sql* probe_ = nullptr;
  std::vector<std::string> ids_;
  std::size_t next_ = 0;
  bool all_ = false;
};

}  // namespace muster::postgres

// The questions of the sweeps: which workers a job would move. store/store.h says what they answer.
//
// Each question is asked twice. A probe looks for ids, as any reader does: it locks nothing and waits for
// nothing, and nearly always it finds none. The ids that it finds are then locked, and the question is asked
// again, of these ids alone. So no heartbeat comes between the answer and the commit, and the time under the
// lock goes by what is moved. A worker whose row is locked is left out: while we hold the row of the roll, it
// is being heard at this moment, or another program holds it. So a sweep never waits for heartbeats, in
// whatever order they lock, and is never part of a deadlock.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/store.h"

namespace muster::postgres {

struct SweepQuestion {
  const Sql* probe;      // ids; the last parameter is how many at most
  const Sql* lock;       // workers; the last parameter is the ids
  Parameters arguments;  // the others
};

SweepQuestion PendingHeard();
SweepQuestion Silent(std::span<const ReferenceRange> stale, const absl::flat_hash_set<std::string>& except);
SweepQuestion OfflineFresh(std::span<const ReferenceRange> stale);

/// At most `limit` ids, in any order.
Reply<std::vector<std::string>> Probe(Session& session, const SweepQuestion& question, int limit);
/// Adds the statement that locks those of `ids` for which the question still holds, and answers with them.
void AddLock(const SweepQuestion& question, const std::vector<std::string_view>& ids, Pipeline& pipeline);

/// One look at the workers, and at the counts of the regions that have silent ones.
Reply<std::vector<RegionSilence>> SilentByRegion(Session& session, std::span<const ReferenceRange> stale);

/// What a step has seen of silence, so that it need not look for silent workers where there are none.
struct SilenceSeen {
  std::vector<ReferenceRange> stale;
  std::vector<std::string> regions;

  /// Whether no worker outside the regions `except` can be silent by these ranges.
  bool Excludes(std::span<const ReferenceRange> ranges, const absl::flat_hash_set<std::string>& except) const;
};

/// What a probe found more than its step needed, so that the next steps of the same run need not look again.
/// Each candidate is checked again when it is locked.
class Candidates {
 public:
  /// A probe looks for this many at once.
  static constexpr int kMax = 50'000;

  /// Whether they are enough for a step of this size, or all that there are.
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
  /// The next ones, at most `count`; they live until Set or Clear.
  std::vector<std::string_view> Take(std::size_t count);

 private:
  const Sql* probe_ = nullptr;
  std::vector<std::string> ids_;
  std::size_t next_ = 0;
  bool all_ = false;
};

}  // namespace muster::postgres

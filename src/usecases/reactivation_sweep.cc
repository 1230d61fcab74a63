// Offline -> Active, for workers whose last heartbeat is fresh.
#include <algorithm>
#include <memory>
#include <vector>

#include "domain/liveness.h"
#include "domain/text.h"
#include "store/store.h"
#include "usecases/staging.h"
#include "usecases/sweep.h"

namespace muster {
namespace {

class ReactivationSweep final : public Sweep {
 public:
  Result<bool> Step(WriteTx& tx, const SweepMoment& now, const Settings& settings, int limit) override {
    const RollTimeouts timeouts = JudgedBy(tx, settings);
    const std::vector<ReferenceRange> stale = StaleRanges(timeouts, now.listening);
    const Result<std::vector<WorkerView>> found = tx.OfflineFresh(stale, limit);
    if (!found.ok()) return found.error();
    const std::int64_t moved_before = report_.moved;
    for (const WorkerView& view : *found) {
      if (!ReactivationApplies(view, stale)) continue;
      // A heartbeat may be stamped later than what is proven by now.
      const absl::Duration ago = std::max(now.listening - view.pulse.heard_at, absl::ZeroDuration());
      const Result<WorkerView> moved = Move(tx, view, WorkerStatus::kActive, MoveCause::kReactivation, now,
                                            Concat({"heard again ", FormatSilence(ago), " ago"}), actor_);
      if (!moved.ok()) return moved.error();
      CountMoved(report_, *view.worker);
      if (FalselyCalledOffline(view, timeouts)) ++report_.false_offlines;
    }
    return LastStep(found->size(), report_.moved - moved_before, limit);
  }

 private:
  const std::string actor_ = ActorOf(Job::kReactivation);
};

}  // namespace

std::unique_ptr<Sweep> NewReactivationSweep() {
  return std::make_unique<ReactivationSweep>();
}

}  // namespace muster

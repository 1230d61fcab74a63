// Pending -> Active, for workers that were heard since they registered.
#include <memory>
#include <vector>

#include "domain/liveness.h"
#include "store/store.h"
#include "usecases/staging.h"
#include "usecases/sweep.h"

namespace muster {
namespace {

class ActivationSweep final : public Sweep {
 public:
  Result<bool> Step(WriteTx& tx, const SweepMoment& now, const Settings&, int limit) override {
    const Result<std::vector<WorkerView>> found = tx.PendingHeard(limit);
    if (!found.ok()) return found.error();
    const std::int64_t moved_before = report_.moved;
    for (const WorkerView& view : *found) {
      if (!ActivationApplies(view)) continue;
      const Result<WorkerView> moved = Move(tx, view, WorkerStatus::kActive, MoveCause::kActivation, now,
                                            "heard since it registered", actor_);
      if (!moved.ok()) return moved.error();
      CountMoved(report_, *view.worker);
    }
    return LastStep(found->size(), report_.moved - moved_before, limit);
  }

 private:
  const std::string actor_ = ActorOf(Job::kActivation);
};

}  // namespace

std::unique_ptr<Sweep> NewActivationSweep() {
  return std::make_unique<ActivationSweep>();
}

}  // namespace muster

#include "tests/sim/shrink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster::sim {
namespace {

// Where the run broke, nothing that was planned for later matters.
Plan UntilItBroke(Plan plan, const Verdict& verdict) {
  plan.length = std::min(plan.length, verdict.at);
  std::erase_if(plan.accidents, [&](const Accident& accident) { return accident.at > verdict.at; });
  return plan;
}

class Shrinker {
 public:
  Shrinker(const Plan& plan, const Verdict& verdict, int max_runs)
      : best_{UntilItBroke(plan, verdict), verdict, 0}, max_runs_(max_runs) {}

  Shrunk Run() {
    bool smaller = true;
    while (smaller && best_.runs < max_runs_) {
      smaller = FewerAccidents();
      smaller |= FewerWorkers();
    }
    return std::move(best_);
  }

 private:
  bool Try(const Plan& plan) {
    if (best_.runs >= max_runs_) return false;
    ++best_.runs;
    Verdict verdict = World(plan).Run();
    if (verdict.broken.empty()) return false;
    best_.plan = UntilItBroke(plan, verdict);
    best_.verdict = std::move(verdict);
    return true;
  }

  // Halves first, then smaller parts, down to single accidents.
  bool FewerAccidents() {
    bool smaller = false;
    for (std::size_t size = std::max<std::size_t>(best_.plan.accidents.size() / 2, 1); size > 0; size /= 2) {
      for (std::size_t first = 0; first < best_.plan.accidents.size();) {
        Plan plan = best_.plan;
        const auto begin = plan.accidents.begin() + static_cast<std::ptrdiff_t>(first);
        const auto left = static_cast<std::size_t>(plan.accidents.end() - begin);
        plan.accidents.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, left)));
        if (Try(plan)) {
          smaller = true;
        } else {
          first += size;
        }
        if (best_.runs >= max_runs_) return smaller;
      }
    }
    return smaller;
  }

  bool FewerWorkers() {
    bool smaller = false;
    for (int workers = best_.plan.workers / 2; workers > 0; workers /= 2) {
      Plan plan = best_.plan;
      plan.workers = workers;
      if (!Try(plan)) break;
      smaller = true;
    }
    return smaller;
  }

  Shrunk best_;
  const int max_runs_;
};

}  // namespace

Shrunk Shrink(const Plan& plan, const Verdict& verdict, int max_runs) {
  return Shrinker(plan, verdict, max_runs).Run();
}

std::string Tale(const Plan& plan, const Verdict& verdict) {
  return absl::StrCat("seed ", plan.seed, ": ", plan.workers, " workers, ", plan.daemons,
                      plan.daemons == 1 ? " daemon" : " daemons", ", timeout ",
                      absl::FormatDuration(plan.settings.heartbeat_timeout), "\n  ",
                      absl::StrJoin(verdict.story, "\n  "), "\n  ", absl::FormatDuration(verdict.at),
                      ": BROKEN: ", verdict.broken);
}

}  // namespace muster::sim

// What a run of the three jobs costs in which nobody is to be moved: the store's answers and the decisions,
// without the call, the writer's queue and the store's own work, which takes turns with it in a daemon.
//
//     muster_empty_sweep --store sqlite:large.db --store sqlite:small.db --rounds 9
//
// The stores take turns, round by round. Before each run the caches are filled with something else, as in a
// daemon whose runs are seconds apart. No daemon may hold the stores; nothing in them is changed. Prints one
// line of JSON: for each store, the microseconds of a run, in the median of each round.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/settings.h"
#include "muster/sweeps.h"
#include "nlohmann/json.hpp"
#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"
#include "store/store.h"

namespace muster::bench {
namespace {

constexpr int kStepLimit = 1'000;
constexpr std::size_t kCaches = 8U << 20;

/// False where a job failed, or moved a worker.
bool RunAll(Store& store, const SweepMoment& now, const Settings& settings) {
  for (const Job job : kAllJobs) {
    const std::unique_ptr<Sweep> sweep = NewSweep(job);
    bool complete = false;
    while (!complete) {
      const Result<bool> step = sweep->Step(store.Begin(), now, settings, kStepLimit);
      store.Rollback();
      if (!step.ok() || sweep->report().moved > 0) return false;
      complete = *step;
    }
  }
  return true;
}

class Fleet {
 public:
  explicit Fleet(std::unique_ptr<Store> store) : store_(std::move(store)) {
    if (const auto last = store_->LastListening()) now_.listening = last->proven;
  }

  bool Round(int runs, const Settings& settings, std::vector<char>& caches) {
    std::vector<double> took_us;
    for (int run = 0; run < runs; ++run) {
      std::fill(caches.begin(), caches.end(), static_cast<char>(run));
      const auto begin = std::chrono::steady_clock::now();
      if (!RunAll(*store_, now_, settings)) return false;
      took_us.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
    const auto middle = took_us.begin() + static_cast<std::ptrdiff_t>(took_us.size() / 2);
    std::nth_element(took_us.begin(), middle, took_us.end());
    medians_us_.push_back(*middle);
    return true;
  }
  const std::vector<double>& medians_us() const { return medians_us_; }

 private:
  std::unique_ptr<Store> store_;
  SweepMoment now_;
  std::vector<double> medians_us_;
};

int Main(int argc, char** argv) {
  std::vector<std::string> specs;
  int rounds = 9;
  int runs = 50;
  CLI::App app("Measures a run of all jobs in which no worker is to be moved");
  app.add_option("--store", specs, "sqlite:PATH; no daemon may hold it")->required();
  app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  app.add_option("--runs", runs, "In a round")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  const RealClock clock;
  RealRandom random;
  ThreadedExecutor background(clock);
  std::vector<Fleet> fleets;
  for (const std::string& spec : specs) {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenStore(spec, StoreOptions(), {clock, random, background});
    if (!store.ok()) {
      std::fprintf(stderr, "muster_empty_sweep: %s\n", std::string(store.status().message()).c_str());
      return 1;
    }
    fleets.emplace_back(*std::move(store));
  }
  Settings settings;
  settings.heartbeat_timeout = absl::Hours(1);
  std::vector<char> caches(kCaches);
  for (int round = 0; round < rounds; ++round) {
    for (Fleet& fleet : fleets) {
      if (fleet.Round(runs, settings, caches)) continue;
      std::fprintf(stderr, "muster_empty_sweep: a job failed, or a worker was to be moved\n");
      return 1;
    }
  }
  nlohmann::ordered_json out;
  for (const Fleet& fleet : fleets) out["us"].push_back(fleet.medians_us());
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::Main(argc, argv);
}

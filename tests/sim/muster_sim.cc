// Runs simulated worlds, seed after seed, until a promise breaks; then tells the shortest story of it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/real_clock.h"
#include "tests/sim/plan.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

namespace muster::sim {
namespace {

struct Options {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 20;
  double hours = 1;
  int workers = 0;
  int daemons = 0;
  int max_runs = 300;
  bool quiet = false;
  bool story = false;
  bool only = false;
  std::vector<std::string> holes;
};

const std::vector<std::pair<std::string, Hole>>& NamedHoles() {
  static const std::vector<std::pair<std::string, Hole>> holes = {
      {"stuck-member", Hole::kStuckMember},
  };
  return holes;
}

Choice ChoiceOf(const Options& options) {
  Choice choice;
  if (options.workers > 0) choice.workers = options.workers;
  if (options.daemons > 0) choice.daemons = options.daemons;
  choice.length = absl::Hours(options.hours);
  choice.only_holes = options.only;
  for (const auto& [name, hole] : NamedHoles()) {
    if (std::find(options.holes.begin(), options.holes.end(), name) != options.holes.end())
      choice.holes.push_back(hole);
  }
  return choice;
}

int RunSeeds(const Options& options) {
  const Choice choice = ChoiceOf(options);
  const RealClock clock;
  const absl::Duration begun = clock.MonotonicNow();
  absl::Duration simulated;
  for (std::uint64_t seed = options.first_seed; seed < options.first_seed + options.seeds; ++seed) {
    const Plan plan = MakePlan(seed, choice);
    const Verdict verdict = World(plan).Run();
    simulated += verdict.at;
    if (options.story) std::cout << Tale(plan, verdict) << "\n";
    if (!options.quiet) {
      std::cout << "seed " << seed << ": " << absl::FormatDuration(verdict.at) << ", " << plan.workers
                << " workers, " << plan.accidents.size() << " accidents, " << verdict.heartbeats
                << " heartbeats, " << verdict.events << " events, " << verdict.called_offline
                << " called Offline, " << verdict.holds << " holds, " << verdict.lives << " lives, "
                << verdict.in_doubt << " in doubt, " << std::hex << verdict.fingerprint << std::dec << "\n"
                << std::flush;
    }
    if (verdict.broken.empty()) continue;
    std::cout << "seed " << seed << " BROKE: " << verdict.broken << "\nlooking for a shorter story ...\n"
              << std::flush;
    const Shrunk shrunk = Shrink(plan, verdict, options.max_runs);
    std::cout << Tale(shrunk.plan, shrunk.verdict) << "\n";
    return 1;
  }
  const double took = absl::ToDoubleSeconds(clock.MonotonicNow() - begun);
  std::cout << options.seeds << " seeds, " << absl::ToDoubleHours(simulated) << " virtual hours in " << took
            << " s: " << absl::ToDoubleHours(simulated) / took << " hours a second; no promise was broken\n";
  return 0;
}

}  // namespace
}  // namespace muster::sim

int main(int argc, char** argv) {
  muster::sim::Options options;
  CLI::App app("Simulates fleets, daemons, disks and their accidents; one seed is one run.");
  app.add_option("--seed", options.first_seed, "the first seed");
  app.add_option("--seeds", options.seeds, "how many seeds");
  app.add_option("--hours", options.hours, "virtual hours for each");
  app.add_option("--workers", options.workers, "workers in each (default: by the seed)");
  app.add_option("--daemons", options.daemons, "daemons in each (default: by the seed)");
  app.add_option("--shrink-runs", options.max_runs, "runs to spend on a shorter story");
  std::vector<std::string> holes;
  for (const auto& [name, hole] : muster::sim::NamedHoles()) holes.push_back(name);
  app.add_option("--hole", options.holes, "also these accidents, which are known to break a promise")
      ->check(CLI::IsMember(holes));
  app.add_flag("--only", options.only, "no other accidents than those that show the holes");
  app.add_flag("--quiet", options.quiet, "say only what broke");
  app.add_flag("--story", options.story, "tell the story of each run");
  CLI11_PARSE(app, argc, argv);
  return muster::sim::RunSeeds(options);
}

// Makes a plan that fails smaller, as long as it still fails: a short story is easier to understand.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/plan.h"
#include "tests/sim/world.h"

namespace muster::sim {

struct Shrunk {
  Plan plan;
  Verdict verdict;
  int runs = 0;
};

/// Precondition: `plan` fails with `verdict`. Runs at most `max_runs` plans.
Shrunk Shrink(const Plan& plan, const Verdict& verdict, int max_runs);

/// The story and the broken promise, for people.
std::string Tale(const Plan& plan, const Verdict& verdict);

}  // namespace muster::sim

// Every sequence of steps up to a length, and long random ones, through a world that checks itself.
#pragma once

#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.h"

namespace muster {

template <typename World>
struct Step {
  std::string name;
  std::function<void(World&)> happens;
};

/// `World` is copied at each fork, and says in broken() what did not hold. `settles` is asked for the end of
/// some of the walks: what is wrong after the world has become well, or nothing.
template <typename World>
class Walk {
 public:
  using Settles = std::string (*)(World);

  Walk(std::vector<Step<World>> alphabet, Settles settles)
      : alphabet_(std::move(alphabet)), settles_(settles) {}

  /// All sequences of up to `steps` steps.
  void All(const World& world, int steps) {
    ++visited_;
    if (visited_ % 512 == 0) Expect(settles_(world));
    if (steps == 0) return;
    for (const Step<World>& step : alphabet_) {
      World next = world;
      path_.push_back(step.name);
      step.happens(next);
      Expect(next.broken());
      All(next, steps - 1);
      path_.pop_back();
    }
  }
  /// One random sequence.
  void Random(World world, int steps, std::mt19937& random) {
    path_.clear();
    for (int i = 0; i < steps; ++i) {
      const Step<World>& step = alphabet_[random() % alphabet_.size()];
      path_.push_back(step.name);
      step.happens(world);
      Expect(world.broken());
    }
    Expect(settles_(std::move(world)));
  }
  int visited() const { return visited_; }

 private:
  void Expect(const std::string& broken) const {
    if (broken.empty()) return;
    std::string path;
    for (const std::string& step : path_) path += step + ", ";
    FAIL(path << "then: " << broken);
  }

  std::vector<Step<World>> alphabet_;
  Settles settles_;
  std::vector<std::string> path_;
  int visited_ = 0;
};

}  // namespace muster

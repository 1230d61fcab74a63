// The dice of a simulation: one seed is one series of numbers, on every machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/time/time.h"
#include "muster/random.h"

namespace muster::sim {

/// Each part of the world has dice of its own. So what is taken out of the world does not change the luck of
/// the rest.
class Dice {
 public:
  explicit Dice(std::uint64_t seed, std::uint64_t part = 0) : state_(Mixed(Mixed(seed) + part)) {}

  std::uint64_t Bits() { return Mixed(state_ += 0x9e3779b97f4a7c15U); }
  std::uint64_t Below(std::uint64_t end) { return Bits() % end; }
  bool Coin() { return Below(2) == 1; }
  double Share() { return static_cast<double>(Bits() >> 11U) / 9007199254740992.0; }
  bool Chance(double probability) { return Share() < probability; }
  absl::Duration Between(absl::Duration least, absl::Duration most) {
    return least + (most - least) * Share();
  }
  /// Evenly on the logarithm: short spans more often than long ones.
  absl::Duration Span(absl::Duration least, absl::Duration most) {
    return least * std::pow(absl::FDivDuration(most, least), Share());
  }

 private:
  // SplitMix64.
  static std::uint64_t Mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  std::uint64_t state_;
};

/// The randomness of a simulated daemon. Used by one thread.
class DiceRandom final : public Random {
 public:
  explicit DiceRandom(Dice dice) : dice_(dice) {}
  std::uint64_t Bits() override { return dice_.Bits(); }
  void Fill(std::span<char> bytes) override {
    for (char& byte : bytes) byte = static_cast<char>(dice_.Bits());
  }

 private:
  Dice dice_;
};

}  // namespace muster::sim

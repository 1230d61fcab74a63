// Randomness comes in from outside, like time: nothing in Muster is random but by the Random that it was
// given.
#pragma once

#include <cstdint>
#include <span>

namespace muster {

/// Thread-safe. The real one is in the daemon (src/runtime/real_random.h); tests and simulations hand in one
/// that repeats itself from a seed.
class Random {
 public:
  virtual ~Random() = default;
  /// For jitter: differs from call to call, and costs next to nothing.
  virtual std::uint64_t Bits() = 0;
  /// For secrets: fills `bytes` with what nobody can guess.
  virtual void Fill(std::span<char> bytes) = 0;
};

}  // namespace muster

// Randomness comes from outside, like time: nothing in Muster uses a random source other than the Random
// that it was given.
#pragma once

#include <cstdint>
#include <span>

namespace muster {

/// Thread-safe. The daemon uses the real one (src/runtime/real_random.h); tests and simulations use one that
/// repeats its numbers from a seed.
class Random {
 public:
  virtual ~Random() = default;
  /// For jitter: different for each call, and very cheap.
  virtual std::uint64_t Bits() = 0;
  /// For secrets: fills `bytes` with a value that cannot be guessed.
  virtual void Fill(std::span<char> bytes) = 0;
};

}  // namespace muster

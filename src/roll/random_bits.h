// Randomness for jitter.
#pragma once

#include <cstdint>
#include <random>

namespace muster {

/// Jitter needs no more than to differ from one answer to the next: a generator for each thread, without
/// locks.
inline std::uint64_t RandomBits() {
  thread_local std::uint64_t state = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  state += 0x9E3779B97F4A7C15u;  // SplitMix64
  std::uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

}  // namespace muster

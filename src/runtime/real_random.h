// The random source of the machine: the only place in Muster that uses it.
#pragma once

#include <cstdint>
#include <span>

#include "muster/random.h"

namespace muster {

/// Without a state of its own.
class RealRandom final : public Random {
 public:
  /// A generator for each thread, without locks.
  std::uint64_t Bits() override;
  /// The kernel's generator. Ends the process on a kernel that has none: a secret that can be guessed would
  /// be worse.
  void Fill(std::span<char> bytes) override;
};

}  // namespace muster

// For how long the daemon could not hear its workers, and why.
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace muster {

enum class BlindCause : std::uint8_t {
  kStarting,   // it had not heard itself yet
  kStopped,    // it was stopped or stuck, or the machine slept
  kDeaf,       // it could not hear itself on one of its sockets
  kStoreAway,  // a commit had failed
};

inline constexpr BlindCause kAllBlindCauses[] = {BlindCause::kStarting, BlindCause::kStopped,
                                                 BlindCause::kDeaf, BlindCause::kStoreAway};

/// Indexed by BlindCause.
using BlindTimes = std::array<absl::Duration, 4>;

}  // namespace muster

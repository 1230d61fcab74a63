// The references that are stale where there is one timeout only: all up to a cutoff.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "domain/told_timeouts.h"

namespace muster {

inline std::vector<ReferenceRange> UpTo(ListeningTime cutoff) {
  return {{ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::min()), cutoff}};
}

}  // namespace muster

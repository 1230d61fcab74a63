// What a test gives to the store that it opens: the clock and the randomness of the machine, and one
// background thread for the whole program.
#pragma once

#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"
#include "store/store.h"

namespace muster {

inline const StoreRuntime& TestRuntime() {
  static const RealClock clock;
  static RealRandom random;
  static ThreadedExecutor background(clock);
  static const StoreRuntime runtime{clock, random, background};
  return runtime;
}

inline absl::StatusOr<std::unique_ptr<Store>> OpenTestStore(std::string_view spec,
                                                            const StoreOptions& options = {}) {
  return OpenStore(spec, options, TestRuntime());
}

}  // namespace muster

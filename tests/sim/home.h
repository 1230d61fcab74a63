// Where a simulated daemon keeps its roll: what is left of it when the daemon dies.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace muster::sim {

class Home {
 public:
  virtual ~Home() = default;
  /// For a new life of the daemon. The last one is over.
  virtual absl::StatusOr<std::unique_ptr<Store>> Open(const StoreRuntime& runtime) = 0;
  /// From now on nothing that the living daemon does reaches the roll.
  virtual void Kill() = 0;
  /// Kill, and the machine forgets what it had not yet brought to the disk.
  virtual void LosePower() = 0;
  /// Whether the daemon died by itself, in the middle of something.
  virtual bool dead() const { return false; }
};

}  // namespace muster::sim

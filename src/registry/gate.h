// Whether calls are let in: not yet, now, or no more.
//
// The services start before the roll and still run while it drains, so that the daemon itself tells a client
// "starting" or "stopping"; a refused connection would not say which. Thread-safe.
#pragma once

#include <atomic>

#include "muster/errors.h"
#include "muster/registry.h"

namespace muster {

class Gate {
 public:
  /// The roll that calls work on, or null: then answer with Refusal(). The roll outlives every call in flight
  /// (the servers ensure that).
  Registry* registry() const { return registry_.load(std::memory_order_acquire); }

  /// StoreUnavailable, saying whether the daemon is starting or stopping.
  WorkerError Refusal() const {
    return StoreUnavailable{closed_.load() ? "the daemon is stopping" : "the daemon is starting"};
  }

  /// Lets calls in.
  void Open(Registry& registry) { registry_.store(&registry, std::memory_order_release); }
  /// Lets no more calls in; calls in flight go on.
  void Close() {
    closed_.store(true);
    registry_.store(nullptr, std::memory_order_release);
  }

 private:
  std::atomic<Registry*> registry_ = nullptr;
  std::atomic<bool> closed_ = false;
};

}  // namespace muster

// Whether calls are let in: not yet, now, or no more.
//
// The services are up before there is a roll and still up while it drains, so that a client hears "starting"
// or "stopping" from the daemon itself instead of guessing from a refused connection. Thread-safe.
#pragma once

#include <atomic>

#include "muster/errors.h"
#include "muster/registry.h"

namespace muster {

class Gate {
 public:
  /// The roll that calls work on, or null: then answer with Refusal(). The roll outlives every call that is
  /// in flight (the servers see to that).
  Registry* registry() const { return registry_.load(std::memory_order_acquire); }

  /// StoreUnavailable, saying whether the daemon is starting or stopping.
  WorkerError Refusal() const;

  /// Lets calls in.
  void Open(Registry& registry) { registry_.store(&registry, std::memory_order_release); }
  /// Lets no more calls in; those that are in go on.
  void Close();

 private:
  std::atomic<Registry*> registry_ = nullptr;
  std::atomic<bool> closed_ = false;
};

}  // namespace muster

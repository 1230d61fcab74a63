#include "registry/gate.h"

namespace muster {

WorkerError Gate::Refusal() const {
  return StoreUnavailable{closed_.load() ? "the daemon is stopping" : "the daemon is starting"};
}

void Gate::Close() {
  closed_.store(true);
  registry_.store(nullptr, std::memory_order_release);
}

}  // namespace muster

// A prober for a registry without sockets: it asks the registry directly, and ticks on an executor.
//
// For the embedded registry, tests, and simulations. It proves less than a probe through a socket, but a
// registry without sockets promises no more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muster/clock.h"
#include "muster/registry.h"
#include "registry/probe_target.h"

namespace muster {

class Executor;

/// Asks the registry itself. Belongs to the executor's thread, as its prober does. Both must outlive it.
std::unique_ptr<ProbeTarget> NewDirectTarget(Registry& registry, Executor& executor);

/// All three must outlive the tasks of the executor. With a thread, the executor should not be the writer's:
/// a slow disk would stop the clock.
class SelfProbe {
 public:
  SelfProbe(Registry& registry, const Clock& clock, Executor& executor);
  /// With other targets than the registry itself.
  SelfProbe(Registry& registry, const Clock& clock, Executor& executor,
            std::vector<std::unique_ptr<ProbeTarget>> targets);
  /// No probe is sent after this. Thread-safe.
  ~SelfProbe();

  /// Starts the registry, and probes it from then on. Precondition: called once.
  void Start(std::string boot_id);

 private:
  class Loop;
  const std::shared_ptr<Loop> loop_;  // shared with its timer
};

}  // namespace muster

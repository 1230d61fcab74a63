// The daemon listens to itself: sends heartbeats of a hidden worker to each of its own sockets, and tells the
// listening clock what became of them.
//
// One probe is under way for each socket at most. At every tick an idle socket gets the next one; one that is
// too old is given up. The log says when silence stops to count, and when it counts again. Most probes use
// the connection of the one before; once in a while one opens a fresh connection, because a daemon that
// serves its old connections may accept no new ones.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/registry.h"
#include "muster/settings.h"
#include "registry/probe_target.h"

namespace muster {

/// Belongs to one thread, the one that probes; the constructor and SocketNames may be called before it runs.
/// That thread calls Tick when it is due, and lets the targets work in between.
class Prober {
 public:
  /// The registry is started with SocketNames before the first tick. Registry and clock must outlive the
  /// prober. Precondition: a target at least.
  Prober(Registry& registry, const Clock& clock, std::vector<std::unique_ptr<ProbeTarget>> targets);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// For Registry::Start.
  std::vector<std::string> SocketNames() const;

  /// Returns when the next tick is due, on the monotonic clock. New settings count from the next tick on.
  absl::Duration Tick();

 private:
  struct Socket {
    std::unique_ptr<ProbeTarget> target;
    // Of the probe that is under way.
    std::optional<absl::Duration> sent;
    absl::Duration due;
    std::string token;
    absl::Duration fresh_at = -absl::InfiniteDuration();  // when the last fresh connection was asked for
  };

  void SayWhetherListening(absl::Duration now);
  void GiveUpIfLate(std::size_t index, absl::Duration now);
  void Send(std::size_t index, absl::Duration now, const Settings& settings);
  void Answered(std::size_t index, std::optional<std::string> failure);

  Registry& registry_;
  const Clock& clock_;
  std::vector<Socket> sockets_;
  bool ticked_ = false;
  bool said_listening_ = true;
};

}  // namespace muster

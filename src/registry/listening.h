// The listening clock of this daemon (domain/probed_clock.h), as its threads feed it and read it: the prober
// says what its probes found, the writer says what became of commits, and anyone may ask.
//
// Its lock is held for some assignments, and never while anything else is done. So it also answers while the
// writer is stuck.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/probed_clock.h"
#include "muster/settings.h"
#include "runtime/mutex.h"

namespace muster {

/// Thread-safe. Times are readings of Clock::MonotonicNow.
class Listening {
 public:
  void Start(absl::Duration now, std::string boot_id, const std::optional<ProvenState>& last,
             std::vector<std::string> sockets, const Settings& settings);
  void Configure(const Settings& settings);

  // The prober's: see ProbedClock. `socket` is an index into the sockets of Start.

  void Tick(absl::Duration now);
  void ProbeSent(std::size_t socket, absl::Duration now);
  void ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration now);
  void ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why, absl::Duration now);

 private:
  mutable Mutex mu_;
  ProbedClock clock_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

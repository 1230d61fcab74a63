// A relay: one connection that sends the heartbeats of many workers, as one call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "registry/heartbeat_batch.h"
#include "tests/sim/process.h"

namespace muster::sim {

class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(const Surroundings& around, std::string region) : around_(around), region_(std::move(region)) {}

  void Take(std::shared_ptr<Process> process) {
    process->HandOver();
    processes_.push_back(std::move(process));
  }
  void Start() { After(absl::ZeroDuration()); }
  /// Its workers are not heard until then.
  void PauseUntil(absl::Duration until) {
    paused_until_ = until;
    for (const auto& process : processes_) process->ImpairedUntil(until);
  }
  const std::string& region() const { return region_; }

 private:
  struct Call;
  void After(absl::Duration pause);
  void Send();
  void Answered(const Call& call, bool dead, const Result<HeartbeatResults>& results);

  const Surroundings& around_;
  const std::string region_;
  std::vector<std::shared_ptr<Process>> processes_;
  absl::Duration paused_until_;
};

}  // namespace muster::sim

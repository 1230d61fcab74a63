// Between the processes of the workers and the daemons: which process reaches which daemon.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/sim/daemon.h"

namespace muster::sim {

class Network {
 public:
  Network(std::vector<Daemon*> daemons, const ManualClock& clock)
      : daemons_(std::move(daemons)), clock_(clock) {}

  void CutOff(const std::string& region, absl::Duration until) {
    absl::Duration& end = cut_off_until_[region];
    end = std::max(end, until);
  }
  bool CutOff(const std::string& region) const {
    const auto cut_off = cut_off_until_.find(region);
    return cut_off != cut_off_until_.end() && cut_off->second > clock_.MonotonicNow();
  }
  void Heal() { cut_off_until_.clear(); }

  /// The daemon that a process of the region gets when it connects; null if none answers. `wish` changes with
  /// each try.
  Daemon* Connect(const std::string& region, std::size_t wish) const {
    if (CutOff(region)) return nullptr;
    for (std::size_t i = 0; i < daemons_.size(); ++i) {
      Daemon* const daemon = daemons_[(wish + i) % daemons_.size()];
      if (daemon->reachable()) return daemon;
    }
    return nullptr;
  }

 private:
  const std::vector<Daemon*> daemons_;
  const ManualClock& clock_;
  std::map<std::string, absl::Duration> cut_off_until_;
};

}  // namespace muster::sim

// The workers of the simulation, and what happens to them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/sim/dice.h"
#include "tests/sim/process.h"
#include "tests/sim/relay.h"

namespace muster::sim {

class Fleet {
 public:
  Fleet(const Surroundings& around, Dice dice) : around_(around), dice_(dice) {}

  /// A new worker, whose process starts.
  std::string Join();
  /// A new process of the worker takes its id over.
  void Restart(const std::string& id);
  /// The same, and the old process goes on.
  void Clone(const std::string& id);
  void Die(const std::string& id);
  bool Alive(const std::string& id) const;
  void PauseUntil(const std::string& id, absl::Duration until) { Holder(id).PauseUntil(until); }
  void Lag(const std::string& id, absl::Duration lag) { Holder(id).Lag(lag); }
  void CutOff(const std::string& region, absl::Duration until);
  /// All workers of a region die.
  int RackDies(const std::string& region);
  std::string PauseRelay(Dice& dice, absl::Duration until);
  /// Some of the workers have a relay from now on.
  void PutBehindRelays();
  /// Only living, healthy processes beat from now on; nothing more goes wrong.
  void Calm();

  std::string AnyWorker(Dice& dice) const;
  std::string AnyRegion(Dice& dice) const;
  const std::map<std::string, std::shared_ptr<Process>>& holders() const { return holders_; }
  absl::Duration ImpairedUntil(const std::string& id) const;

 private:
  Process& Holder(const std::string& id) const { return *holders_.at(id); }
  std::shared_ptr<Process> NewProcess(const std::string& id, const std::string& region, bool takes_over,
                                      bool stubborn);

  const Surroundings& around_;
  Dice dice_;
  std::map<std::string, std::shared_ptr<Process>> holders_;  // the latest process of each worker
  std::vector<std::shared_ptr<Process>> others_;             // that were superseded and go on
  std::vector<std::shared_ptr<Relay>> relays_;
  std::uint64_t made_ = 0;
};

}  // namespace muster::sim

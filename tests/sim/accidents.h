// What can happen to the world, and how it is undone.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tests/sim/dice.h"
#include "tests/sim/plan.h"
#include "tests/sim/world.h"

namespace muster::sim {

class Accidents {
 public:
  explicit Accidents(World& world) : world_(world) {}
  /// It happens now. Tells its story.
  void Happen(const Accident& accident);

 private:
  void ToWorker(Kind kind, Dice& dice);
  void ByHand(Dice& dice);
  void ToDaemon(Kind kind, Dice& dice);
  void ToDisk(Kind kind, Dice& dice);
  void ToSharedRoll(Kind kind, Dice& dice);
  void DieMidWrite(bool power, Dice& dice);
  void StartAgain(std::size_t daemon, absl::Duration away);
  void Flood(Dice& dice);
  /// The store cannot be written for so long; then `repair`.
  void Trouble(absl::Duration time, Task repair);
  /// Runs `repair` after so long, even while a part of a daemon waits.
  void Repair(absl::Duration after, Task repair);
  /// Short ones more often than long ones.
  static absl::Duration Outage(Dice& dice) {
    return dice.Span(absl::Seconds(1), dice.Chance(0.1) ? absl::Minutes(40) : absl::Minutes(4));
  }

  World& world_;
  bool disk_fails_ = false;
};

}  // namespace muster::sim

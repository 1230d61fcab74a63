// A roll that several daemons share, as they share a PostgreSQL database: one store in memory, and the rules
// by which they know of each other, as in store/postgres/daemon_group.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "tests/sim/dice.h"
#include "tests/sim/home.h"

namespace muster::sim {

class SharedRoll {
 public:
  SharedRoll(const Clock& clock, Dice dice, const StoreOptions& options);
  ~SharedRoll();

  /// The place of one more daemon. Lives as long as the roll.
  Home& AddMember();

  bool away = false;   // the database does not answer
  int lost_races = 0;  // so many more batches lose a race
  /// Time passes while a daemon waits for the database.
  std::function<void(absl::Duration)> stall;
  /// A daemon's transactions wait until then.
  void HoldUntil(std::size_t member, absl::Duration until);

 private:
  class Member;
  class View;
  struct Row {
    std::int64_t beat = 0;
    absl::Duration timeout;
  };

  const Clock& clock_;
  DiceRandom random_;
  Dice dice_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Member>> members_;
  std::int64_t lives_ = 0;
  // The tables.
  std::map<std::string, Row> daemons_;
  std::string leader_;
  std::int64_t leader_beat_ = 0;
  ListeningReport report_;
  absl::Duration reported_at_;
  std::string runner_;
};

}  // namespace muster::sim

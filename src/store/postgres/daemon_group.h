// The daemons that share the roll, as one of them sees them: which one leads, which are there, which one was
// lost.
//
// At every tick each daemon counts its own number up in the table `daemons`. The leader also counts one up in
// the row of the roll, where it reports what its listening clock shows. A number that stands still for
// several ticks belongs to a daemon that is dead, or stopped, or cut off. If it is the number of the leader,
// a daemon that saw it takes the lead, by an update that only one daemon can win; the old leader learns of it
// at its next tick. If it is the number of another daemon, the leader deletes its row and reports that once.
//
// Each daemon also records its settings there, so that all can see in what they differ.
//
// No daemon waits here for another program that holds the row of the roll. A leader that cannot report its
// clock does not go on as if the others knew it. It steps back until it can report, and the clock stands
// still meanwhile.
//
// An orderly stop gives the lead back and removes the row from the table, so that no daemon has to wait. Used
// by the writer's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/postgres/registry_row.h"
#include "store/store.h"

namespace muster::postgres {

/// After this many ticks, and at least a second, a number counts as standing still.
int TicksUntilLost(absl::Duration tick);

/// Whether a number that another daemon counts up while it lives stands still.
///
/// No clock of another machine is compared with ours: we count how often we looked, a tick apart. A daemon
/// that was itself stopped did not look meanwhile. So it takes no other daemon for dead when it wakes up.
class StandsStill {
 public:
  /// Notes a look. Returns how many looks in a row, without this one, found the same.
  int Look(std::string_view whose, std::int64_t number) {
    if (whose != whose_ || number != number_) {
      whose_ = whose;
      number_ = number;
      same_ = 0;
    } else {
      ++same_;
    }
    return same_;
  }

 private:
  std::string whose_;
  std::int64_t number_ = -1;
  int same_ = 0;
};

class DaemonGroup {
 public:
  /// `id` is different for all daemons that ever were; `holder` is for people.
  DaemonGroup(std::string id, std::string holder) : id_(std::move(id)), holder_(std::move(holder)) {}

  const std::string& id() const { return id_; }

  struct Renewed {
    Membership membership;
    RegistryRow registry;
  };
  /// One tick: a round trip, and one more when the lead or the table changes. `settings` is the record of
  /// those in force here.
  Reply<Renewed> Renew(Session& session, const ListeningReport& own, const std::string& settings,
                       absl::Duration tick);
  /// An orderly stop: gives the lead back and leaves the table.
  void Leave(Session& session);

 private:
  /// Reports the clock of the leader, after another transaction was found to hold the row. False: it still
  /// holds it.
  Reply<bool> ReportAgain(Session& session, const ListeningReport& own, absl::Duration tick);
  Reply<bool> TakeLead(Session& session, const RegistryRow& registry);
  Reply<bool> StrikeOffTheLost(Session& session, const Rows& daemons, int ticks);

  const std::string id_;
  const std::string holder_;
  bool leads_ = false;
  int unreported_ = 0;  // ticks in a row in which a leader could not say what its clock shows
  StandsStill leader_;
  std::map<std::string, StandsStill, std::less<>> others_;
};

}  // namespace muster::postgres

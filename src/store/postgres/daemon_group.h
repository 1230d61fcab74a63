// The daemons that share the roll, as one of them sees them: who leads, who is there, who was lost.
//
// At every tick each daemon counts its own number up in the table `daemons`, and the leader one more in the
// roll's row, where it also says what its listening clock shows. A number that was seen to stand still for
// several ticks belongs to a daemon that is dead, or stopped, or cut off. If it is the leader's, whoever saw
// it takes the lead, by an update that only one of them can win; the old one learns of it at its next tick.
// If it is another's, the leader strikes it off and says so once.
//
// Each also records its settings there, so that all can see in what they differ.
//
// Nobody waits here for another program that holds the roll's row. A leader that cannot say what its clock
// shows does not go on as if the others knew: it steps back until it can, and the clock stands still
// meanwhile.
//
// An orderly stop gives the lead back and leaves the table, so that nobody has to wait.
// Used by the writer's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "store/postgres/failure.h"
#include "store/postgres/registry_row.h"
#include "store/postgres/session.h"
#include "store/postgres/still.h"
#include "store/store.h"

namespace muster::postgres {

/// After so many ticks, and no less than a second, a number counts as standing still.
int TicksUntilLost(absl::Duration tick);

class DaemonGroup {
 public:
  /// `id` differs between all daemons there ever were; `holder` is for people.
  DaemonGroup(std::string id, std::string holder) : id_(std::move(id)), holder_(std::move(holder)) {}

  const std::string& id() const { return id_; }

  struct Renewed {
    Membership membership;
    RegistryRow registry;
  };
  /// One tick: a round trip, and another one when the lead or the table changes. `settings` is the record of
  /// those in force here.
  Reply<Renewed> Renew(Session& session, const ListeningReport& own, const std::string& settings,
                       absl::Duration tick);
  /// In order: without the lead, and out of the table.
  void Leave(Session& session);

 private:
  /// Says what the leader's clock shows, once it was found that the row is held by another transaction.
  /// False: it still is.
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

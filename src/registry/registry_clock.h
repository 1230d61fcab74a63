// The listening clock as this daemon knows it: its own clock while it leads, the leader's while it follows.
//
// Where a roll has one daemon, that daemon leads from its start. Where several share a store, exactly one of
// them moves the clock by its own ListeningClock. The others use what the leader last said, plus the time
// that has passed since, two ticks at most. The store adds the age of the leader's report before that, again
// two ticks at most. So if the leader stopped meanwhile, a follower is up to four ticks ahead: dead workers
// are found that much later, and no worker is called Offline earlier. The writer feeds it; it reads no
// clock. Not thread-safe.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/settings.h"
#include "registry/listening_clock.h"
#include "store/store.h"

namespace muster {

class RegistryClock {
 public:
  /// Takes the lead, with the state of the clock that was stored last.
  void Lead(absl::Duration monotonic, const std::optional<ListeningState>& last, const Settings& settings,
            std::string because);
  /// Another daemon leads, and `heard` is its latest report.
  void Follow(absl::Duration monotonic, const ListeningReport& heard, const Settings& settings);

  void Configure(const Settings& settings);
  void Observe(absl::Duration monotonic);
  void StoreFailed();
  void StoreWorks();
  /// A daemon was lost: its workers have to reconnect to another one.
  void DaemonLost();
  void Nudge();

  bool leads() const { return leads_; }
  bool store_away() const { return store_away_; }
  ListeningTime now() const;
  /// As of the last reading.
  ListeningReport report() const;
  /// Why silence does not count at `monotonic`; empty while it does.
  std::string NotListeningBecause(absl::Duration monotonic) const;

 private:
  bool leads_ = false;
  bool store_away_ = false;
  bool heard_once_ = false;
  absl::Duration observed_;
  ListeningClock own_;  // used while it leads
  ListeningReport heard_;
  absl::Duration heard_at_;
  absl::Duration tick_;
};

}  // namespace muster

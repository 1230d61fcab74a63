// The listening clock as this daemon knows it: its own while it leads, the leader's while it follows.
//
// Where a roll has one daemon, that one leads from its start. Where several share a store, exactly one of
// them moves the clock by its own ListeningClock; the others go by what it last said, brought forward by the
// time that has passed since, by two ticks at most. The store has brought it forward by its age before, by
// two at most as well: where the leader stopped meanwhile, a follower is up to four ticks ahead. Then the
// dead are found that much later, and nobody earlier. Fed by the writer; reads no clock. Not thread-safe.
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
  /// Takes the lead, with what was last stored of the clock.
  void Lead(absl::Duration monotonic, const std::optional<ListeningState>& last, const Settings& settings,
            std::string because);
  /// Another daemon leads, and this is what it says of the clock now.
  void Follow(absl::Duration monotonic, const ListeningReport& heard, const Settings& settings);

  void Configure(const Settings& settings);
  void Observe(absl::Duration monotonic);
  void StoreFailed();
  void StoreWorks();
  /// A daemon was lost: its workers have to find their way to another.
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
  ListeningClock own_;  // while it leads
  ListeningReport heard_;
  absl::Duration heard_at_;
  absl::Duration tick_;
};

}  // namespace muster

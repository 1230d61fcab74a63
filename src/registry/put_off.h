// Which commands wait while another program holds the row of a worker in a database, and for how long.
//
// A command that is about held rows only loses nothing by waiting: it waits, for ten seconds at most. A batch
// or a burst is about other rows too: it waits only while the row may be held by another daemon, which takes
// moments. After that the other heartbeats are recorded, and the store refuses the one for that worker. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/time/time.h"
#include "muster/commands.h"
#include "store/store.h"

namespace muster {

/// `waited`: how long the command has been put off already. Precondition: `tx` began with a batch that
/// foresaw it.
inline bool ShouldPutOff(const BatchKeys& keys, const WriteTx& tx, absl::Duration waited) {
  constexpr absl::Duration kMaxPutOff = absl::Seconds(10);
  constexpr absl::Duration kMayBeADaemon = absl::Seconds(1);
  if (waited >= kMaxPutOff) return false;
  std::size_t held = 0;
  bool just_now = false;
  for (const std::string_view id : keys.ids) {
    const absl::Duration held_for = tx.HeldFor(id);
    if (held_for <= absl::ZeroDuration()) continue;
    ++held;
    just_now = just_now || held_for < kMayBeADaemon;
  }
  return held > 0 && (held == keys.ids.size() || just_now);
}

}  // namespace muster

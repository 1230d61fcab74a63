// Which commands wait where another program holds the row of a worker in a database, and for how long.
//
// A command that is about held rows only loses nothing by waiting: it waits, for ten seconds at most. One
// that is about others too, a batch or a burst, waits only while the row may be in another daemon's hands,
// which takes moments; then the others are recorded, and the store refuses what is about that worker. Pure.
#pragma once

#include "absl/time/time.h"
#include "muster/batch_keys.h"
#include "store/store.h"

namespace muster {

/// `waited`: how long the command has been put off already. Precondition: `tx` began with a batch that
/// foresaw it.
bool ShouldPutOff(const BatchKeys& keys, const WriteTx& tx, absl::Duration waited);

}  // namespace muster

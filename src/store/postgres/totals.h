// The fleet in numbers, which cost by its regions to read and not by its workers.
//
// How many workers there are and what they can do is kept by the daemon that changes a worker, in the same
// locked transaction. A program of before that table changes workers without it; then the numbers of the last
// change that it kept do not fit, and until it was counted anew, readers count.
//
// What workers have in use comes with every heartbeat, and those must not meet in one row. So it is counted:
// in a small fleet at each ask, in a large one by the leader, in the background.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "muster/queries.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/postgres/session.h"
#include "store/postgres/staged.h"

namespace muster::postgres {

/// Up to so many workers, all is counted at each ask: that takes some milliseconds.
inline constexpr std::int64_t kCountedAtEachAsk = 10'000;
/// How often the leader counts what is in use, in larger fleets; and from what age on readers count
/// themselves.
inline constexpr absl::Duration kUsageEvery = absl::Seconds(30);
inline constexpr absl::Duration kMaxUsageAge = absl::Minutes(2);

/// Kept where that is possible, else counted.
Reply<std::vector<RegionTotals>> ReadTotals(Session& session,
                                            std::int64_t counted_at_each_ask = kCountedAtEachAsk);
/// Looks at every worker.
Reply<std::vector<RegionTotals>> CountRegions(Session& session);

/// Adds what the changes add to the kept numbers, and take from them.
void AddTotals(const Staged& staged, Pipeline& pipeline);
/// Adds what counts them anew. The roll's row must be locked.
void AddTotalsAnew(Pipeline& pipeline);

/// Counts what is in use, for readers.
Reply<Nothing> CountUsage(Session& session);

}  // namespace muster::postgres

// The fleet in numbers. To read them costs by the number of regions, not of workers.
//
// The daemon that changes a worker also keeps the number of workers and their capacity, in the same locked
// transaction. A program from before this table changes workers without it. Then the numbers do not match the
// last change, and readers count until the numbers were counted anew.
//
// What workers have in use comes with every heartbeat, and heartbeats must not meet in one row. So it is
// counted: in a small fleet at each question, in a large fleet by the leader, in the background.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "muster/queries.h"
#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/postgres/staged.h"

namespace muster::postgres {

/// Up to this many workers, everything is counted at each question: that takes some milliseconds.
inline constexpr std::int64_t kCountedAtEachAsk = 10'000;
/// How often the leader counts what is in use, in larger fleets; and the age from which readers count
/// themselves.
inline constexpr absl::Duration kUsageEvery = absl::Seconds(30);
inline constexpr absl::Duration kMaxUsageAge = absl::Minutes(2);

/// The kept numbers where they can be used, else counted.
Reply<std::vector<RegionTotals>> ReadTotals(Session& session,
                                            std::int64_t counted_at_each_ask = kCountedAtEachAsk);
/// Looks at every worker.
Reply<std::vector<RegionTotals>> CountRegions(Session& session);

/// Adds the statements that apply the changes to the kept numbers.
void AddTotals(const Staged& staged, Pipeline& pipeline);
/// Adds the statements that count them anew. The row of the roll must be locked.
void AddTotalsAnew(Pipeline& pipeline);

/// Counts what is in use, for readers.
Reply<Nothing> CountUsage(Session& session);

}  // namespace muster::postgres

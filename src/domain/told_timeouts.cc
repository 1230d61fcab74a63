#include "domain/told_timeouts.h"

#include <algorithm>
#include <limits>

namespace muster {
namespace {

// Of the neighbours in a list whose timeouts fall, the two that differ least.
void MergeTwo(std::vector<ToldTimeout>& told) {
  std::size_t best = 0;
  for (std::size_t i = 1; i + 1 < told.size(); ++i) {
    if (told[i].timeout - told[i + 1].timeout < told[best].timeout - told[best + 1].timeout) best = i;
  }
  told[best].replaced_at = told[best + 1].replaced_at;
  told.erase(told.begin() + static_cast<std::ptrdiff_t>(best) + 1);
}

}  // namespace

absl::Duration LimitSince(std::span<const ToldTimeout> told, absl::Duration current,
                          ListeningTime reference) {
  absl::Duration limit = current;
  for (const ToldTimeout& old : told) {
    if (reference <= old.replaced_at) limit = std::max(limit, old.timeout);
  }
  return limit;
}

bool SilentForItsLimit(std::span<const ToldTimeout> told, absl::Duration current, ListeningTime reference,
                       ListeningTime now) {
  return reference <= now - LimitSince(told, current, reference);
}

std::vector<ReferenceRange> StaleRanges(std::span<const ToldTimeout> told, absl::Duration current,
                                        ListeningTime now) {
  std::vector<ReferenceRange> ranges;
  ListeningTime after = ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::min());
  const auto add = [&](ListeningTime last, absl::Duration limit) {
    const ListeningTime to = std::min(last, now - limit);
    if (after < to) ranges.push_back({after, to});
    after = std::max(after, last);
  };
  for (const ToldTimeout& old : told) add(old.replaced_at, LimitSince(told, current, old.replaced_at));
  add(ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::max()), current);
  return ranges;
}

std::vector<ToldTimeout> WithReplaced(std::span<const ToldTimeout> told, absl::Duration timeout,
                                      ListeningTime running, ListeningTime proven) {
  std::vector<ToldTimeout> kept;  // the later replaced, the shorter
  for (const ToldTimeout& old : told) {
    if (old.timeout > timeout && proven - old.replaced_at < old.timeout) kept.push_back(old);
  }
  kept.push_back({timeout, running});
  while (kept.size() > kMaxToldTimeouts) MergeTwo(kept);
  return kept;
}

}  // namespace muster

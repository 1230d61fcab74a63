#include "domain/told_timeouts.h"

#include <algorithm>
#include <limits>

namespace muster {
namespace {

const ListeningTime kBeforeAll = ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::min());
const ListeningTime kAfterAll = ListeningTime::FromMicros(std::numeric_limits<std::int64_t>::max());

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
  ListeningTime after = kBeforeAll;
  const auto add = [&](ListeningTime last, absl::Duration limit) {
    const ListeningTime to = std::min(last, now - limit);
    if (after < to && !ranges.empty() && ranges.back().to == after) {
      ranges.back().to = to;
    } else if (after < to) {
      ranges.push_back({after, to});
    }
    after = std::max(after, last);
  };
  for (const ToldTimeout& old : told) add(old.replaced_at, LimitSince(told, current, old.replaced_at));
  add(kAfterAll, current);
  return ranges;
}

std::vector<ReferenceRange> OutsideOf(std::span<const ReferenceRange> ranges) {
  std::vector<ReferenceRange> outside;
  ListeningTime after = kBeforeAll;
  for (const ReferenceRange& range : ranges) {
    if (after < range.after) outside.push_back({after, range.after});
    after = range.to;
  }
  if (after < kAfterAll) outside.push_back({after, kAfterAll});
  return outside;
}

std::vector<ToldTimeout> WithReplaced(std::span<const ToldTimeout> told, absl::Duration timeout,
                                      ListeningTime running, ListeningTime proven) {
  std::vector<ToldTimeout> kept;  // the later replaced, the shorter
  for (const ToldTimeout& old : told) {
    if (old.timeout > timeout && proven - old.replaced_at < old.timeout) kept.push_back(old);
  }
  // The running reading of another daemon, or of one before a crash, may have been ahead.
  kept.push_back({timeout, kept.empty() ? running : std::max(running, kept.back().replaced_at)});
  while (kept.size() > kMaxToldTimeouts) MergeTwo(kept);
  return kept;
}

std::optional<RollTimeouts> WithInForce(const RollTimeouts& before, absl::Duration timeout,
                                        ListeningTime running, ListeningTime proven) {
  if (before.in_force == timeout) return std::nullopt;
  if (before.in_force == absl::ZeroDuration()) return RollTimeouts{timeout, before.told};
  return RollTimeouts{timeout, WithReplaced(before.told, before.in_force, running, proven)};
}

}  // namespace muster

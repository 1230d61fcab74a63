// No worker is judged by a limit shorter than it was told: by the longest heartbeat timeout in force since it
// was last heard. Pure.
//
// For that the roll keeps the timeouts that were replaced, and nothing for each worker. Times are on the
// listening clock: of the running reading, which stamps heartbeats, for what a worker was told; of the proven
// reading for the verdict. On a roll that several daemons share, the timeout in force is the longest of the
// members' timeouts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"

namespace muster {

/// A timeout that was in force, and the running reading at which another one replaced it.
struct ToldTimeout {
  absl::Duration timeout;
  ListeningTime replaced_at;
};

inline constexpr std::size_t kMaxToldTimeouts = 16;

/// The limit of a worker whose silence is counted from `reference`. A reference at the very moment of the
/// replacement goes with the old timeout: it may have been told that one.
absl::Duration LimitSince(std::span<const ToldTimeout> told, absl::Duration current, ListeningTime reference);

/// Silent for its limit or longer, as of the proven reading `now`.
bool SilentForItsLimit(std::span<const ToldTimeout> told, absl::Duration current, ListeningTime reference,
                       ListeningTime now);

/// References after `after`, up to and including `to`.
struct ReferenceRange {
  ListeningTime after;
  ListeningTime to;

  friend bool operator==(const ReferenceRange&, const ReferenceRange&) = default;
};

constexpr bool Contains(const ReferenceRange& range, ListeningTime reference) {
  return range.after < reference && reference <= range.to;
}
/// Whether the reference lies in one of the ranges.
constexpr bool Contains(std::span<const ReferenceRange> ranges, ListeningTime reference) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [reference](const ReferenceRange& range) { return Contains(range, reference); });
}

/// All references that lie in none of `ranges`, which grow: as ranges again.
std::vector<ReferenceRange> OutsideOf(std::span<const ReferenceRange> ranges);

/// The references that are stale at `now`, as ranges that grow: one for each limit at most. The first one
/// begins before all references. More than one is needed: after a reload to a shorter timeout a worker that
/// was heard since then may be stale, while one that was heard before still has time. Ranges that touch are
/// one, so a replaced timeout that has passed costs nothing.
std::vector<ReferenceRange> StaleRanges(std::span<const ToldTimeout> told, absl::Duration current,
                                        ListeningTime now);

/// `timeout` was replaced at `running`. Forgets what can change no verdict any longer: a timeout that has
/// passed, on the proven reading, since it was replaced, and one that was not the longest since then. Keeps
/// kMaxToldTimeouts at most. Where there would be more, two become one that is as long as the longer and
/// lasts as long as the later: no limit becomes shorter. `told` is what this function returned before.
std::vector<ToldTimeout> WithReplaced(std::span<const ToldTimeout> told, absl::Duration timeout,
                                      ListeningTime running, ListeningTime proven);

/// The timeouts by which the workers of a roll are judged.
struct RollTimeouts {
  absl::Duration in_force;        // zero: nobody has said it yet
  std::vector<ToldTimeout> told;  // those before it, as WithReplaced returned them
};

/// What the roll keeps if `timeout` is in force from now on; nothing if it is in force already. No heartbeat
/// may have a stamp after `running`, of a worker that was told the timeout before.
std::optional<RollTimeouts> WithInForce(const RollTimeouts& before, absl::Duration timeout,
                                        ListeningTime running, ListeningTime proven);

inline absl::Duration LimitSince(const RollTimeouts& timeouts, ListeningTime reference) {
  return LimitSince(timeouts.told, timeouts.in_force, reference);
}
inline std::vector<ReferenceRange> StaleRanges(const RollTimeouts& timeouts, ListeningTime now) {
  return StaleRanges(timeouts.told, timeouts.in_force, now);
}

}  // namespace muster

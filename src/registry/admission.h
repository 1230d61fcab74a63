// Limits how much may wait for the writer: as much as it does in a short time, at the pace that it has
// shown.
//
// A request that would wait longer than kMaxWait is refused immediately, before much work is spent on it,
// and is told when to come again. So under any load the writer does only work that clients still want, the
// queue is bounded, and admitted requests are answered soon.
//
// Work is counted in units: a heartbeat is one unit, and each command costs a few more. Changes still enter
// when heartbeats may not, so that a flood of heartbeats does not lock out workers that register or
// unregister.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "muster/check.h"
#include "muster/errors.h"

namespace muster {

class Admission {
 public:
  /// How long the admitted work may take. An admitted command is answered in about that time.
  static constexpr absl::Duration kMaxWait = absl::Milliseconds(30);
  /// So many heartbeats may always wait, however slow the writer is: where every commit takes long, only
  /// larger batches improve the pace.
  static constexpr std::int64_t kMinLimit = 40'000;
  static constexpr std::int64_t kMaxLimit = 200'000;
  /// The limit for changes is this multiple of the limit for heartbeats.
  static constexpr std::int64_t kForChanges = 2;
  /// What a command costs the writer in addition to its heartbeats. Most of it is the answer.
  static constexpr std::int64_t kUnitsOfCommand = 8;

  static constexpr absl::Duration kMinRetry = absl::Milliseconds(200);
  static constexpr absl::Duration kMaxRetry = absl::Seconds(10);

  static constexpr std::int64_t Units(std::int64_t heartbeats) { return kUnitsOfCommand + heartbeats; }

  // Any thread.

  /// Admits a command with so many heartbeats (0: a change), or says when to come again. `random` spreads
  /// the clients that are refused.
  std::optional<Overloaded> Enter(std::int64_t heartbeats, std::uint64_t random);
  /// What Enter would say; a refusal counts. For a caller that must read much before it has a command.
  std::optional<Overloaded> Refuses(std::int64_t heartbeats, std::uint64_t random);
  /// An admitted command was answered, or was not taken after all.
  void Leave(std::int64_t units) {
    const std::int64_t inside = inside_.fetch_sub(units, std::memory_order_relaxed);
    MUSTER_CHECK(inside >= units, "no more leaves than was let in");
  }

  // The writer's thread.

  /// No retry delay comes near the timeout: a worker that is refused must still be heard in time.
  void Configure(absl::Duration heartbeat_timeout);
  /// A turn of the writer ended at `now`: it did `units` of work in the time `took`. `all`: the turn did
  /// everything that waited when it began.
  void TurnEnded(absl::Duration now, absl::Duration took, std::int64_t units, bool all);

 private:
  static std::int64_t LimitFor(std::int64_t heartbeats, std::int64_t limit) {
    return heartbeats == 0 ? limit * kForChanges : limit;
  }
  Overloaded Refusal(std::int64_t units, std::uint64_t random);

  alignas(64) std::atomic<std::int64_t> inside_ = 0;   // units that wait or are carried out
  alignas(64) std::atomic<std::int64_t> refused_ = 0;  // units, since the second began
  // Written by the writer.
  alignas(64) std::atomic<std::int64_t> limit_ = kMaxLimit;  // units of heartbeats
  std::atomic<std::int64_t> refused_before_ = 0;             // units, in the second before
  std::atomic<std::int64_t> max_retry_micros_ = absl::ToInt64Microseconds(kMaxRetry);
  absl::Duration second_began_ = -absl::InfiniteDuration();
};

}  // namespace muster

// How much may wait for the writer: as much as it does in a short time, at the pace that it has shown.
//
// Whoever would have to wait longer is refused at once, before work is put into him, and told when to come
// again. So under any load the writer is busy with work that is still wanted, what waits is bounded, and
// those who are let in are answered soon.
//
// Work is counted in units: a heartbeat is one, and a command, whatever is in it, a few more. Changes may
// still enter when heartbeats may not, so that a flood of heartbeats does not lock out who registers or
// unregisters.
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
  /// How long what waits may take. A command that is let in is answered in about that time.
  static constexpr absl::Duration kMaxWait = absl::Milliseconds(30);
  /// So much heartbeats may always wait, however slow the writer: where every commit takes long, the pace
  /// gets better only by larger batches.
  static constexpr std::int64_t kMinLimit = 40'000;
  static constexpr std::int64_t kMaxLimit = 200'000;
  /// The limit for changes, as a multiple of that for heartbeats.
  static constexpr std::int64_t kForChanges = 2;
  /// What a command costs the writer beside its heartbeats: above all, its answer.
  static constexpr std::int64_t kUnitsOfCommand = 8;

  static constexpr absl::Duration kMinRetry = absl::Milliseconds(200);
  static constexpr absl::Duration kMaxRetry = absl::Seconds(10);

  static constexpr std::int64_t Units(std::int64_t heartbeats) { return kUnitsOfCommand + heartbeats; }

  // Any thread.

  /// Lets a command with so many heartbeats in (none: a change), or says when to come again. `random` spreads
  /// those who are refused.
  std::optional<Overloaded> Enter(std::int64_t heartbeats, std::uint64_t random);
  /// What Enter would say, and the refusal counts: for those who have much to read before they are a command.
  std::optional<Overloaded> Refuses(std::int64_t heartbeats, std::uint64_t random);
  /// A command that was let in is answered, or was not taken after all.
  void Leave(std::int64_t units) {
    const std::int64_t inside = inside_.fetch_sub(units, std::memory_order_relaxed);
    MUSTER_CHECK(inside >= units, "no more leaves than was let in");
  }

  // The writer's thread.

  /// No retry delay comes near the timeout: who is refused must still be heard in time.
  void Configure(absl::Duration heartbeat_timeout);
  /// A turn of the writer ended at `now`: it did `units` of work in the time that it took. `all`: nothing was
  /// left waiting that had been there when it began.
  void TurnEnded(absl::Duration now, absl::Duration took, std::int64_t units, bool all);

 private:
  static std::int64_t LimitFor(std::int64_t heartbeats, std::int64_t limit) {
    return heartbeats == 0 ? limit * kForChanges : limit;
  }
  Overloaded Refusal(std::int64_t units, std::uint64_t random);

  alignas(64) std::atomic<std::int64_t> inside_ = 0;   // units that wait or are worked on
  alignas(64) std::atomic<std::int64_t> refused_ = 0;  // units, since the second began
  // Written by the writer.
  alignas(64) std::atomic<std::int64_t> limit_ = kMaxLimit;  // units of heartbeats
  std::atomic<std::int64_t> refused_before_ = 0;              // units, in the second before
  std::atomic<std::int64_t> max_retry_micros_ = absl::ToInt64Microseconds(kMaxRetry);
  absl::Duration second_began_ = -absl::InfiniteDuration();
};

}  // namespace muster

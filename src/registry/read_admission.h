// How many reads may wait for the threads of a lane: as many as the lane carries out in a short time, at the
// pace that it has shown. A read that would wait longer is refused at once, and is told when to come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "muster/errors.h"

namespace muster {

/// A state machine; its input is readings of the monotonic clock. Not thread-safe.
class ReadAdmission {
 public:
  /// The limit even for a fast lane: each read that waits takes memory.
  static constexpr std::size_t kMaxWaiting = 10'000;
  static constexpr absl::Duration kMinRetry = absl::Milliseconds(200);
  static constexpr absl::Duration kMaxRetry = absl::Seconds(10);

  /// `threads` carry out reads at the same time; no read should wait for one longer than `max_wait`.
  ReadAdmission(int threads, absl::Duration max_wait) : threads_(threads), max_wait_(max_wait) {}

  /// Called when all threads are busy and a read comes at `now`: refuses it, or lets it wait. `waiting`
  /// reads are before it, the first of them since `first_since`. `random` spreads the clients that are
  /// refused.
  std::optional<Overloaded> Refuses(absl::Duration now, std::size_t waiting, absl::Duration first_since,
                                    std::uint64_t random);
  /// A read ended; it used a thread for `took`.
  void Ended(absl::Duration took);

 private:
  Overloaded Refusal(absl::Duration now, absl::Duration first_waited, std::uint64_t random);
  /// How long so many reads keep the threads of the lane busy.
  absl::Duration TimeFor(double reads) const { return mean_ * reads / threads_; }

  const int threads_;
  const absl::Duration max_wait_;
  absl::Duration mean_ = absl::Milliseconds(1);  // what a read takes; the latest reads weigh most
  absl::Duration second_began_ = -absl::InfiniteDuration();
  std::int64_t refused_ = 0;         // since the second began
  std::int64_t refused_before_ = 0;  // in the second before
};

}  // namespace muster

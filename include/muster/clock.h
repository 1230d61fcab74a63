// Time comes from outside: nothing in Muster reads a clock other than the Clock that it was given.
#pragma once

#include <compare>
#include <cstdint>

#include "absl/time/time.h"

namespace muster {

/// The two clocks of the machine. Thread-safe. The daemon uses the real one; tests and simulations use their
/// own.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time, for people: it may jump forwards or backwards. Has microseconds.
  virtual absl::Time WallNow() const = 0;
  /// Time since some fixed moment: never goes back, ignores steps of the wall clock.
  virtual absl::Duration MonotonicNow() const = 0;
};

/// A moment on the listening clock, the clock of every decision about liveness. It advances only while the
/// daemon can hear its workers, and it is kept across restarts. Zero is the birth of the roll.
class ListeningTime {
 public:
  constexpr ListeningTime() = default;
  static ListeningTime FromMicros(std::int64_t micros) { return ListeningTime(micros); }
  std::int64_t micros() const { return micros_; }

  friend auto operator<=>(ListeningTime, ListeningTime) = default;
  friend absl::Duration operator-(ListeningTime a, ListeningTime b) {
    return absl::Microseconds(a.micros_ - b.micros_);
  }
  friend ListeningTime operator+(ListeningTime t, absl::Duration d) {
    return ListeningTime(t.micros_ + absl::ToInt64Microseconds(d));
  }
  friend ListeningTime operator-(ListeningTime t, absl::Duration d) { return t + -d; }

 private:
  constexpr explicit ListeningTime(std::int64_t micros) : micros_(micros) {}
  std::int64_t micros_ = 0;
};

/// The moment at which a command is carried out, on both clocks. A whole batch has one moment.
///
/// `listening` stamps what is heard now. It is the most that the clock can ever come to show for this moment,
/// so it may lie some seconds ahead of what is proven to count (src/domain/probed_clock.h).
struct Moment {
  absl::Time wall;  // truncated to microseconds
  ListeningTime listening;
};

/// The moment of a step of a sweep: `listening` is what is proven to count. A type of its own, so that no
/// sweep judges by the moment of a command.
struct SweepMoment : Moment {};

}  // namespace muster

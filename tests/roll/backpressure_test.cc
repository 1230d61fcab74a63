// Who reads calls is held back while too many wait, and never for long.
#include "roll/backpressure.h"

#include <atomic>
#include <thread>

#include "absl/time/time.h"
#include "runtime/real_clock.h"
#include "tests/catch.h"

namespace muster {
namespace {

// As many as are enough, but for `fewer`.
void Gather(Backpressure& backpressure, int fewer = 0) {
  for (int i = 0; i < Backpressure::kEnough - fewer; ++i) backpressure.Came();
}

absl::Duration TimeOfHolds(Backpressure& backpressure, int holds) {
  const RealClock clock;
  const absl::Duration begin = clock.MonotonicNow();
  for (int i = 0; i < holds; ++i) backpressure.Hold();
  return clock.MonotonicNow() - begin;
}

bool Holds(Backpressure& backpressure) {
  return TimeOfHolds(backpressure, 1) >= Backpressure::kMostHold * 0.9;
}

// By many at once: that something else had the processor for a moment does not count.
bool LetsPass(Backpressure& backpressure) {
  return TimeOfHolds(backpressure, 20) < Backpressure::kMostHold * 10;
}

TEST_CASE("a writer that takes nothing holds nobody for longer than the limit, and only once") {
  Backpressure backpressure;
  Gather(backpressure);
  CHECK(Holds(backpressure));
  CHECK(LetsPass(backpressure));

  // It was slow, but it is back.
  backpressure.Taken();
  CHECK(LetsPass(backpressure));
  Gather(backpressure);
  CHECK(Holds(backpressure));
}

TEST_CASE("nobody is held while few wait") {
  Backpressure backpressure;
  for (int turn = 0; turn < 3; ++turn) {
    Gather(backpressure, 1);
    CHECK(LetsPass(backpressure));
    backpressure.Taken();
  }
}

TEST_CASE("all who are held go on as soon as the writer has taken what waited") {
  constexpr int kTurns = 100;
  Backpressure backpressure;
  std::atomic<int> brought = 0;
  const auto bring = [&] {
    while (brought.fetch_add(1) < kTurns * Backpressure::kEnough) {
      backpressure.Came();
      backpressure.Hold();
    }
  };
  const RealClock clock;
  const absl::Duration begin = clock.MonotonicNow();
  std::thread one(bring);
  std::thread other(bring);
  for (int taken = 0; taken < kTurns; ++taken) {
    while (brought < (taken + 1) * Backpressure::kEnough) std::this_thread::yield();
    backpressure.Taken();
  }
  one.join();
  other.join();
  const absl::Duration took = clock.MonotonicNow() - begin;
  INFO(took);
  CHECK(took < kTurns * Backpressure::kMostHold / 5);  // who is not woken sleeps for all of it
}

}  // namespace
}  // namespace muster

// A thread that reads calls is held while too many commands wait, and never for long.
#include "registry/backpressure.h"

#include <atomic>
#include <thread>

#include "absl/time/time.h"
#include "tests/catch.h"

namespace muster {
namespace {

// As many commands as are enough to hold a thread, minus `fewer`.
void Gather(Backpressure& backpressure, int fewer = 0) {
  for (int i = 0; i < Backpressure::kHighWater - fewer; ++i) backpressure.OnSubmit();
}

TEST_CASE("a writer that takes nothing holds a thread for a limited time, and only once") {
  Backpressure backpressure(absl::Milliseconds(1));
  Gather(backpressure);
  CHECK(backpressure.Hold());
  CHECK_FALSE(backpressure.Hold());

  // It was slow, but now it takes commands again.
  backpressure.OnDrained();
  CHECK_FALSE(backpressure.Hold());
  Gather(backpressure);
  CHECK(backpressure.Hold());
}

TEST_CASE("no thread is held while few wait") {
  Backpressure backpressure;
  for (int turn = 0; turn < 3; ++turn) {
    Gather(backpressure, 1);
    CHECK_FALSE(backpressure.Hold());
    backpressure.OnDrained();
  }
}

TEST_CASE("all threads that are held go on as soon as the writer has taken what waited") {
  constexpr int kTurns = 100;
  Backpressure backpressure(absl::Hours(1));  // a thread that is not woken never returns
  std::atomic<int> brought = 0;
  const auto bring = [&] {
    while (brought.fetch_add(1) < kTurns * Backpressure::kHighWater) {
      backpressure.OnSubmit();
      backpressure.Hold();
    }
  };
  std::thread one(bring);
  std::thread other(bring);
  for (int taken = 0; taken < kTurns; ++taken) {
    while (brought < (taken + 1) * Backpressure::kHighWater) std::this_thread::yield();
    backpressure.OnDrained();
  }
  one.join();
  other.join();
}

}  // namespace
}  // namespace muster

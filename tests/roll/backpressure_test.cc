// Who reads calls is held back while too many wait, and never for long.
#include "roll/backpressure.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/catch.h"

namespace muster {
namespace {

// As many as are enough, but for `fewer`.
void Gather(Backpressure& backpressure, int fewer = 0) {
  for (int i = 0; i < Backpressure::kEnough - fewer; ++i) backpressure.Came();
}

absl::Duration TimeOfHold(Backpressure& backpressure) {
  const auto begin = std::chrono::steady_clock::now();
  backpressure.Hold();
  return absl::FromChrono(std::chrono::steady_clock::now() - begin);
}

TEST_CASE("a writer that takes nothing holds nobody for longer than the limit, and only once") {
  Backpressure backpressure;
  Gather(backpressure);
  CHECK(TimeOfHold(backpressure) >= Backpressure::kMostHold * 0.9);
  CHECK(TimeOfHold(backpressure) < Backpressure::kMostHold / 2);

  // It was slow, but it is back.
  backpressure.Taken();
  CHECK(TimeOfHold(backpressure) < Backpressure::kMostHold / 2);
  Gather(backpressure);
  CHECK(TimeOfHold(backpressure) >= Backpressure::kMostHold * 0.9);
}

TEST_CASE("nobody is held while few wait") {
  Backpressure backpressure;
  for (int turn = 0; turn < 3; ++turn) {
    Gather(backpressure, 1);
    CHECK(TimeOfHold(backpressure) < Backpressure::kMostHold / 2);
    backpressure.Taken();
  }
}

TEST_CASE("all who are held go on when the writer has taken what waited") {
  Backpressure backpressure;
  std::atomic<int> rounds = 0;
  std::atomic<bool> stopping = false;
  const auto bring = [&] {
    for (; rounds < 200'000; ++rounds) {
      backpressure.Came();
      backpressure.Hold();
    }
  };
  std::thread writer([&] {
    while (!stopping) {
      backpressure.Taken();
      std::this_thread::yield();
    }
  });
  std::thread one(bring);
  std::thread other(bring);
  one.join();
  other.join();
  stopping = true;
  writer.join();
  backpressure.Taken();
  CHECK(TimeOfHold(backpressure) < Backpressure::kMostHold / 2);
}

}  // namespace
}  // namespace muster

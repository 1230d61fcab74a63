#include "runtime/executor.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "runtime/manual_clock.h"
#include "runtime/real_clock.h"
#include "tests/catch.h"
#include "tests/death.h"

namespace muster {
namespace {

TEST_CASE("a threaded executor runs what many threads post, each thread's in order") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5'000;
  const RealClock clock;
  std::vector<std::vector<int>> ran(kThreads);  // written on the executor's thread only
  {
    ThreadedExecutor executor(clock);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kTasks; ++i) {
          executor.Post([&ran, thread, i] { ran[static_cast<std::size_t>(thread)].push_back(i); });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }  // finishes what was posted
  for (const std::vector<int>& mine : ran) {
    REQUIRE(mine.size() == kTasks);
    CHECK(std::is_sorted(mine.begin(), mine.end()));
  }
}

TEST_CASE("a timer of a threaded executor fires, and not too early") {
  const RealClock clock;
  ThreadedExecutor executor(clock);
  std::promise<void> fired;
  absl::Duration at;
  const absl::Duration due = clock.MonotonicNow() + absl::Milliseconds(30);
  executor.PostAt(clock.MonotonicNow() + absl::Hours(1), [] {});
  executor.PostAt(due, [&] {
    at = clock.MonotonicNow();
    fired.set_value();
  });
  fired.get_future().wait();
  CHECK(at >= due);
}

TEST_CASE("a stopped threaded executor has finished its tasks, dropped its timers, and takes no more") {
  const RealClock clock;
  ThreadedExecutor executor(clock);
  std::atomic<int> ran = 0;
  auto held = std::make_shared<int>(1);
  executor.PostAt(clock.MonotonicNow() + absl::Hours(1), [&ran, held] { ++ran; });
  for (int i = 0; i < 100; ++i) executor.Post([&ran] { ++ran; });
  executor.Stop();
  CHECK(ran == 100);
  executor.Post([&ran] { ++ran; });
  executor.Stop();
  CHECK(ran == 100);
}

TEST_CASE("a manual executor runs in order, and a timer when the clock has reached it") {
  ManualClock clock;
  ManualExecutor executor(clock);
  std::string ran;
  const absl::Duration start = clock.MonotonicNow();
  executor.PostAt(start + absl::Seconds(2), [&] { ran += 'c'; });
  executor.PostAt(start + absl::Seconds(1), [&] {
    ran += 'b';
    executor.Post([&] { ran += '!'; });
  });
  executor.Post([&] { ran += 'a'; });
  CHECK(ran.empty());
  executor.RunUntilIdle();
  CHECK(ran == "a");
  CHECK(executor.NextDeadline() == start + absl::Seconds(1));

  clock.Advance(absl::Seconds(1));
  executor.RunUntilIdle();
  CHECK(ran == "ab!");
  clock.StepWall(absl::Hours(1));
  executor.RunUntilIdle();
  CHECK(ran == "ab!");
  clock.Advance(absl::Seconds(1));
  executor.RunUntilIdle();
  CHECK(ran == "ab!c");
  CHECK(executor.NextDeadline() == std::nullopt);
}

TEST_CASE("a manual executor keeps the order of timers that are due together") {
  ManualClock clock;
  ManualExecutor executor(clock);
  std::string ran;
  const absl::Duration due = clock.MonotonicNow() + absl::Seconds(1);
  for (const char c : std::string("xyz")) executor.PostAt(due, [&ran, c] { ran += c; });
  executor.PostAt(due - absl::Milliseconds(1), [&ran] { ran += 'w'; });
  clock.Advance(absl::Minutes(1));
  executor.RunUntilIdle();
  CHECK(ran == "wxyz");
}

TEST_CASE("an executor accepts no null task, and no task of its own stops it") {
  const ManualClock clock;
  testing::CheckDies([&clock] { ManualExecutor(clock).Post(nullptr); }, "a task can be run");
  testing::CheckDies([&clock] { ThreadedExecutor(clock).PostAt(absl::ZeroDuration(), nullptr); },
                     "a task can be run");
  testing::CheckDies(
      [&clock] {
        ThreadedExecutor executor(clock);
        executor.Post([&executor] { executor.Stop(); });
        while (true) ::pause();
      },
      "no task waits for the end of its own thread");
}

}  // namespace
}  // namespace muster

#include "registry/command_queue.h"

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "tests/catch.h"
#include "tests/death.h"

namespace muster {
namespace {

struct Numbered final : Command {
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError*) override {}
  int thread = 0;
  int number = 0;
};

std::vector<int> Numbers(CommandQueue::List list) {
  std::vector<int> numbers;
  while (!list.empty()) numbers.push_back(static_cast<Numbered&>(list.PopFront()).number);
  return numbers;
}

std::vector<Numbered> Make(int count) {
  std::vector<Numbered> commands(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) commands[static_cast<std::size_t>(i)].number = i;
  return commands;
}

TEST_CASE("commands come out in the order of the pushes, and the first push is told to wake the writer") {
  CommandQueue queue;
  std::vector<Numbered> commands = Make(5);
  CHECK(queue.Push(commands[0]) == CommandQueue::Pushed::kFirst);
  CHECK(queue.Push(commands[1]) == CommandQueue::Pushed::kBehindOthers);
  CHECK(queue.Push(commands[2]) == CommandQueue::Pushed::kBehindOthers);
  CommandQueue::List list = queue.TakeAll();
  CHECK(queue.Push(commands[3]) == CommandQueue::Pushed::kFirst);
  CHECK(queue.Push(commands[4]) == CommandQueue::Pushed::kBehindOthers);
  list.Append(queue.TakeAll());
  CHECK(Numbers(list) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(queue.TakeAll().empty());
}

TEST_CASE("a closed queue gives what waits, once, and stays closed") {
  CommandQueue queue;
  std::vector<Numbered> commands = Make(3);
  (void)queue.Push(commands[0]);
  (void)queue.Push(commands[1]);
  CHECK(Numbers(queue.Close()) == std::vector<int>{0, 1});
  CHECK(queue.Push(commands[2]) == CommandQueue::Pushed::kClosed);
  CHECK(queue.TakeAll().empty());
  CHECK(queue.Push(commands[2]) == CommandQueue::Pushed::kClosed);
  CHECK(queue.Close().empty());
}

TEST_CASE("many threads push: nothing is lost, each thread's order is kept, no wake-up is missed") {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  CommandQueue queue;
  std::vector<std::vector<Numbered>> commands(kThreads);
  std::atomic<int> wake_ups = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    std::vector<Numbered>& mine = commands[static_cast<std::size_t>(thread)];
    mine = Make(kEach);
    threads.emplace_back([&queue, &mine, &wake_ups, thread] {
      for (Numbered& command : mine) {
        command.thread = thread;
        if (queue.Push(command) == CommandQueue::Pushed::kFirst) ++wake_ups;
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  int taken = 0;
  int non_empty = 0;
  while (taken < kThreads * kEach) {
    CommandQueue::List list = queue.TakeAll();
    if (list.empty()) {
      std::this_thread::yield();
      continue;
    }
    ++non_empty;
    while (!list.empty()) {
      const auto& command = static_cast<Numbered&>(list.PopFront());
      REQUIRE(command.number == next[static_cast<std::size_t>(command.thread)]++);
      ++taken;
    }
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wake_ups == non_empty);
}

TEST_CASE("nothing is taken from an empty list") {
  testing::CheckDies([] { CommandQueue::List().PopFront(); }, "only what is there is taken");
}

}  // namespace
}  // namespace muster

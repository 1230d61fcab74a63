#include "runtime/executor.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster {

void Parker::Park(absl::Duration at_most) {
  std::uint32_t expected = kNone;
  if (state_.compare_exchange_strong(expected, kParked)) {
    // A day is as good as forever, and every kernel accepts it.
    const timespec relative = absl::ToTimespec(std::clamp(at_most, absl::ZeroDuration(), absl::Hours(24)));
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, kParked, &relative,
            nullptr, 0);
  }
  state_.exchange(kNone);
}

void Parker::Unpark() {
  if (state_.exchange(kUnparked) == kParked) {
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
}

void TimerQueue::TakeDue(absl::Duration now, std::deque<Task>& out) {
  const auto end = timers_.upper_bound(now);
  for (auto timer = timers_.begin(); timer != end; ++timer) out.push_back(std::move(timer->second));
  timers_.erase(timers_.begin(), end);
}

ThreadedExecutor::ThreadedExecutor(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

ThreadedExecutor::~ThreadedExecutor() {
  Stop();
}

void ThreadedExecutor::Post(Task task) {
  MUSTER_CHECK(task != nullptr, "a task can be run");
  {
    const MutexLock lock(mu_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // the thread that posted the first task has woken the executor
  }
  parker_.Unpark();
}

void ThreadedExecutor::PostAt(absl::Duration when, Task task) {
  MUSTER_CHECK(task != nullptr, "a task can be run");
  {
    const MutexLock lock(mu_);
    if (stopping_) return;
    const std::optional<absl::Duration> earliest = timers_.Next();
    timers_.Add(when, std::move(task));
    if (earliest && *earliest <= when) return;
  }
  parker_.Unpark();
}

void ThreadedExecutor::Stop() {
  MUSTER_CHECK(thread_.get_id() != std::this_thread::get_id(), "no task waits for the end of its own thread");
  {
    const MutexLock lock(mu_);
    stopping_ = true;
  }
  parker_.Unpark();
  if (thread_.joinable()) thread_.join();
}

void ThreadedExecutor::Run() {
  std::deque<Task> batch;
  for (;;) {
    absl::Duration pause = absl::InfiniteDuration();
    {
      const MutexLock lock(mu_);
      if (!stopping_ && timers_.Next()) {
        const absl::Duration now = clock_.MonotonicNow();
        timers_.TakeDue(now, tasks_);
        if (timers_.Next()) pause = *timers_.Next() - now;
      }
      batch.swap(tasks_);
      if (batch.empty() && stopping_) return;
    }
    if (batch.empty()) {
      parker_.Park(pause);
      continue;
    }
    for (Task& task : batch) std::exchange(task, nullptr)();
    batch.clear();
  }
}

void ManualExecutor::Post(Task task) {
  MUSTER_CHECK(task != nullptr, "a task can be run");
  const MutexLock lock(mu_);
  tasks_.push_back(std::move(task));
}

void ManualExecutor::PostAt(absl::Duration when, Task task) {
  MUSTER_CHECK(task != nullptr, "a task can be run");
  const MutexLock lock(mu_);
  timers_.Add(when, std::move(task));
}

bool ManualExecutor::RunOne() {
  Task task;
  {
    const MutexLock lock(mu_);
    timers_.TakeDue(clock_.MonotonicNow(), tasks_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  return true;
}

std::optional<absl::Duration> ManualExecutor::NextDeadline() {
  const MutexLock lock(mu_);
  return timers_.Next();
}

}  // namespace muster

// Runs work in order: one task at a time, timers among them.
//
// There are two forms. ThreadedExecutor has its own thread. ManualExecutor runs when it is told to, on a
// clock that a test or a simulation moves: the same code, no threads, no waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "runtime/mutex.h"

namespace muster {

using Task = absl::AnyInvocable<void()>;

/// Tasks run in the order in which they were posted; a timer's task is posted when its time comes.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Thread-safe. Refused (dropped) after the executor stopped. Precondition: a task, not null.
  virtual void Post(Task task) = 0;
  /// Thread-safe. Runs `task` once, when the monotonic clock has reached `when`. Precondition: as Post.
  virtual void PostAt(absl::Duration when, Task task) = 0;
};

/// Timers, ordered by time; both forms use it. Not thread-safe.
class TimerQueue {
 public:
  void Add(absl::Duration when, Task task) { timers_.emplace(when, std::move(task)); }
  std::optional<absl::Duration> Next() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
  }
  /// Moves the tasks that are due at `now` to the end of `out`.
  void TakeDue(absl::Duration now, std::deque<Task>& out);

 private:
  std::multimap<absl::Duration, Task> timers_;
};

/// Where the thread of a ThreadedExecutor sleeps until there is work or a timer is due. It uses a futex
/// directly, because before 2023 a wait with a deadline in Abseil uses the wall clock: a step back by an hour
/// would delay every timer of the daemon by an hour. This one uses the monotonic clock.
///
/// One thread parks, any thread unparks. An Unpark that comes before Park is not lost.
class Parker {
 public:
  /// Returns when unparked, after `at_most` at the latest; may return without a reason.
  void Park(absl::Duration at_most);
  void Unpark();

 private:
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kUnparked = 1;
  static constexpr std::uint32_t kParked = 2;
  std::atomic<std::uint32_t> state_ = kNone;
};

class ThreadedExecutor final : public Executor {
 public:
  /// The clock must outlive the executor.
  explicit ThreadedExecutor(const Clock& clock);
  /// Stops it first.
  ~ThreadedExecutor() override;

  void Post(Task task) override;
  void PostAt(absl::Duration when, Task task) override;

  /// Finishes the tasks that were posted, drops the timers, ends the thread. Precondition: not called by a
  /// task.
  void Stop();

 private:
  void Run();

  const Clock& clock_;
  Parker parker_;
  Mutex mu_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mu_);
  TimerQueue timers_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it starts when the other members exist
};

class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(const Clock& clock) : clock_(clock) {}

  void Post(Task task) override;
  void PostAt(absl::Duration when, Task task) override;

  /// Runs tasks and due timers until there are none.
  void RunUntilIdle() {
    while (RunOne()) {
    }
  }
  /// Runs the next task, or the next due timer. False: there is none.
  bool RunOne();
  /// When the next timer is due, on the monotonic clock.
  std::optional<absl::Duration> NextDeadline();

 private:
  const Clock& clock_;
  Mutex mu_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mu_);
  TimerQueue timers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

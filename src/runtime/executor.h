// Where work is done in order: one task at a time, timers among them.
//
// Two forms. ThreadedExecutor has a thread of its own. ManualExecutor runs when it is told to, on a clock
// that a test or a simulation moves: the same code, no threads, no waiting.
#pragma once

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
#include "runtime/parker.h"

namespace muster {

using Task = absl::AnyInvocable<void()>;

/// Tasks run in the order in which they were posted; a timer's task is posted when its time has come.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Thread-safe. Refused (dropped) after the executor stopped. Precondition: a task, not null.
  virtual void Post(Task task) = 0;
  /// Thread-safe. Runs `task` once, when the monotonic clock has reached `when`. Precondition: as Post.
  virtual void PostAt(absl::Duration when, Task task) = 0;
};

/// What is due when; shared by both forms. Not thread-safe.
class TimerQueue {
 public:
  void Add(absl::Duration when, Task task) { timers_.emplace(when, std::move(task)); }
  std::optional<absl::Duration> Next() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
  }
  /// Moves what is due at `now` to the end of `out`.
  void TakeDue(absl::Duration now, std::deque<Task>& out);

 private:
  std::multimap<absl::Duration, Task> timers_;
};

class ThreadedExecutor final : public Executor {
 public:
  /// The clock must outlive the executor.
  explicit ThreadedExecutor(const Clock& clock);
  /// Stops first.
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
  std::thread thread_;  // last: starts when the rest is there
};

class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(const Clock& clock) : clock_(clock) {}

  void Post(Task task) override;
  void PostAt(absl::Duration when, Task task) override;

  /// Runs tasks and due timers until none is left.
  void RunUntilIdle();
  /// When the next timer is due, on the monotonic clock.
  std::optional<absl::Duration> NextDeadline();

 private:
  const Clock& clock_;
  Mutex mu_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mu_);
  TimerQueue timers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

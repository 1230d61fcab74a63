// The parts of an embedded registry, and how a thread waits for their answers.
//
// The parts are those of the daemon: store, executors, registry, scheduled jobs. There are two ways to drive
// them. By threads: as in the daemon. By hand, where the clock was given: the tasks wait in a ManualExecutor,
// and each caller runs what waits, one caller at a time.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "jobs/scheduled_jobs.h"
#include "muster/open_registry.h"
#include "muster/registry.h"
#include "registry/self_probe.h"
#include "runtime/executor.h"
#include "runtime/mutex.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"

namespace muster {

/// Thread-safe, except for the destructor, which drains.
class EmbeddedRegistry::Parts {
 public:
  static absl::StatusOr<std::unique_ptr<Parts>> Open(std::string_view spec, const RegistryOptions& options);
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Registry& registry() { return *registry_; }

  /// By hand: runs tasks and due timers until none is left.
  void RunDue();

  /// Calls `begin` with a function that takes the answer, and waits for that answer.
  template <typename T, typename Begin>
  Result<T> Await(Begin begin) {
    std::promise<Result<T>> promise;
    std::future<Result<T>> answer = promise.get_future();
    begin([to = std::move(promise)](Result<T> result) mutable { to.set_value(std::move(result)); });
    RunDue();
    return answer.get();
  }

  /// Has the writer carry out a change of one worker.
  Result<WorkerView> Change(std::string worker_id,
                            absl::AnyInvocable<Result<WorkerView>(WriteTx&, const Moment&)> apply);

  /// Carries out `query` on a thread of the lane.
  template <typename T, typename Query>
  Result<T> Ask(ReadLane lane, Query query) {
    return Await<T>([this, lane, &query](auto answer) {
      registry_->ReadOnPool(lane, {},
                            [&query, to = std::move(answer)](Result<const ScanReads*> reads) mutable {
                              to(reads.ok() ? query(**reads) : Result<T>(reads.error()));
                            });
    });
  }

 private:
  explicit Parts(const RegistryOptions& options);
  Executor& executor();
  Executor& background();
  Executor& prober();
  absl::Status Start(std::string_view spec, const RegistryOptions& options);

  const RealClock real_clock_;
  RealRandom real_random_;
  const Clock& clock_;
  Random& random_;
  Mutex driving_;  // held by the caller that runs the tasks by hand
  // Members above outlive members below. Either the first executor is there, or the other three are.
  std::unique_ptr<ManualExecutor> by_hand_;
  std::unique_ptr<ThreadedExecutor> background_;
  std::unique_ptr<ThreadedExecutor> executor_;
  std::unique_ptr<ThreadedExecutor> prober_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<SelfProbe> probe_;
  std::unique_ptr<ScheduledJobs> jobs_;
};

}  // namespace muster

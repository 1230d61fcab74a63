// A roll with its jobs on a clock that the test moves.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "jobs/scheduled_jobs.h"
#include "muster/commands.h"
#include "muster/queries.h"
#include "muster/registry.h"
#include "muster/settings.h"
#include "registry/self_probe.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/registry/flaky_store.h"

namespace muster {

/// Clock and disk must outlive it. Destroying it is like kill -9: what was not committed is lost.
class VirtualDaemon {
 public:
  VirtualDaemon(Disk& disk, ManualClock& clock, const Settings& settings)
      : VirtualDaemon(std::make_unique<FlakyStore>(disk), clock, settings) {}
  VirtualDaemon(std::unique_ptr<Store> store, ManualClock& clock, const Settings& settings)
      : clock_(clock),
        executor_(clock),
        registry_(std::move(store), clock, random_, executor_, settings),
        probe_(registry_, clock, executor_),
        jobs_(registry_, clock, executor_) {
    ConfigureLog(LogFormat::kText, LogLevel::kError);
    probe_.Start("boot");
    jobs_.Start();
    executor_.RunUntilIdle();
  }

  Registry& registry() { return registry_; }
  ManualExecutor& executor() { return executor_; }
  ScheduledJobs& jobs() { return jobs_; }

  /// Time passes, and everything runs when it is due.
  void Run(absl::Duration time) {
    const absl::Duration end = clock_.MonotonicNow() + time;
    for (;;) {
      executor_.RunUntilIdle();
      const std::optional<absl::Duration> next = executor_.NextDeadline();
      const absl::Duration now = clock_.MonotonicNow();
      if (now >= end) return;
      clock_.Advance(std::min(end, next.value_or(end)) - now);
    }
  }
  /// Time passes, and nothing runs: SIGSTOP. After that what is overdue runs.
  void Freeze(absl::Duration time) {
    clock_.Advance(time);
    executor_.RunUntilIdle();
  }

  /// Carries out a command now.
  Result<WorkerView> Register(std::string id, std::string region) {
    RegisterWorkerCommand command;
    command.worker_id = std::move(id);
    command.config.region = std::move(region);
    command.config.capacity = 1;
    command.generated_instance_id = "made";
    return Run<WorkerView>(
        [command](WriteTx& tx, const Moment& now) { return RegisterWorker(command, tx, now); });
  }
  Result<HeartbeatReceipt> Heartbeat(const std::string& id) {
    return Run<HeartbeatReceipt>([this, &id](WriteTx& tx, const Moment& now) {
      HeartbeatCommand command;
      command.worker_id = id;
      return RecordHeartbeat(command, registry_.settings()->heartbeat_timeout, tx, now);
    });
  }

  /// Precondition: the store is not shared, so that queries run at once.
  std::optional<WorkerStatus> StatusOf(std::string_view id) {
    std::optional<WorkerStatus> status;
    registry_.Read({}, [&](Result<const PointReads*> reads) {
      const Result<WorkerView> found = GetWorker(**reads, id);
      if (found.ok()) status = found->worker->status;
    });
    return status;
  }

  template <typename T>
  Result<T> Run(absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)> apply) {
    std::optional<Result<T>> answer;
    registry_.Execute<T>("", std::move(apply), [&](Result<T> result) { answer.emplace(std::move(result)); });
    executor_.RunUntilIdle();
    return *std::move(answer);
  }

 private:
  ManualClock& clock_;
  RealRandom random_;
  ManualExecutor executor_;
  Registry registry_;
  SelfProbe probe_;
  ScheduledJobs jobs_;
};

}  // namespace muster

#include "embedded/parts.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/boot_id.h"
#include "runtime/log.h"
#include "store/store.h"

namespace muster {
namespace {

// At the end, reads that still wait for a database are cancelled after so long.
constexpr absl::Duration kReadGrace = absl::Milliseconds(500);

LogLevel LevelOf(RegistryLog log) {
  switch (log) {
    case RegistryLog::kErrors:
      return LogLevel::kError;
    case RegistryLog::kWarnings:
      return LogLevel::kWarning;
    case RegistryLog::kInfo:
      return LogLevel::kInfo;
  }
  return LogLevel::kWarning;
}

}  // namespace

EmbeddedRegistry::Parts::Parts(const RegistryOptions& options)
    : clock_(options.clock != nullptr ? *options.clock : real_clock_),
      random_(options.random != nullptr ? *options.random : real_random_) {
  if (options.clock != nullptr) {
    by_hand_ = std::make_unique<ManualExecutor>(clock_);
  } else {
    background_ = std::make_unique<ThreadedExecutor>(clock_);
    executor_ = std::make_unique<ThreadedExecutor>(clock_);
    prober_ = std::make_unique<ThreadedExecutor>(clock_);
  }
}

absl::StatusOr<std::unique_ptr<EmbeddedRegistry::Parts>> EmbeddedRegistry::Parts::Open(
    std::string_view spec, const RegistryOptions& options) {
  if (const std::optional<std::string> problem = Validate(options.settings)) {
    return absl::InvalidArgumentError(*problem);
  }
  if (options.clock != nullptr && spec.starts_with("postgres")) {
    return absl::InvalidArgumentError(
        "a registry on PostgreSQL goes by the clock of the machine: open \"memory:\" or \"sqlite:PATH\" to "
        "test "
        "with another clock");
  }
  ConfigureLog(LogFormat::kText, LevelOf(options.log));
  std::unique_ptr<Parts> parts(new Parts(options));
  if (absl::Status started = parts->Start(spec, options); !started.ok()) return started;
  return parts;
}

absl::Status EmbeddedRegistry::Parts::Start(std::string_view spec, const RegistryOptions& options) {
  StoreOptions store_options;
  store_options.history = options.history;
  store_options.max_events = options.max_events;
  store_options.holder = options.holder;
  auto store = OpenStore(spec, store_options, {clock_, random_, background()});
  if (!store.ok()) return store.status();
  registry_ = std::make_unique<Registry>(*std::move(store), clock_, random_, executor(), options.settings);
  probe_ = std::make_unique<SelfProbe>(*registry_, clock_, prober());
  // A clock of the caller's own says nothing about the machine.
  probe_->Start(by_hand_ != nullptr ? "" : ReadBootId());
  if (options.scheduled_jobs) {
    jobs_ = std::make_unique<ScheduledJobs>(*registry_, clock_, executor());
    jobs_->Start();
  }
  RunDue();
  return absl::OkStatus();
}

EmbeddedRegistry::Parts::~Parts() {
  if (registry_ == nullptr) return;  // it was never started
  if (jobs_ != nullptr) jobs_->Stop();
  probe_.reset();
  if (prober_ != nullptr) prober_->Stop();
  std::promise<void> promise;
  const std::future<void> drained = promise.get_future();
  registry_->Drain([to = std::move(promise)]() mutable { to.set_value(); });
  RunDue();
  drained.wait();
  registry_->EndReads(kReadGrace);
  if (executor_ != nullptr) executor_->Stop();
  jobs_.reset();
  registry_.reset();  // closes the store
}

Executor& EmbeddedRegistry::Parts::executor() {
  if (by_hand_ != nullptr) return *by_hand_;
  return *executor_;
}

Executor& EmbeddedRegistry::Parts::background() {
  if (by_hand_ != nullptr) return *by_hand_;
  return *background_;
}

Executor& EmbeddedRegistry::Parts::prober() {
  if (by_hand_ != nullptr) return *by_hand_;
  return *prober_;
}

void EmbeddedRegistry::Parts::RunDue() {
  if (by_hand_ == nullptr) return;
  const MutexLock lock(driving_);
  by_hand_->RunUntilIdle();
}

Result<WorkerView> EmbeddedRegistry::Parts::Change(
    std::string worker_id, absl::AnyInvocable<Result<WorkerView>(WriteTx&, const Moment&)> apply) {
  return Await<WorkerView>([&](auto answer) {
    registry_->Execute<WorkerView>(std::move(worker_id), std::move(apply), std::move(answer));
  });
}

}  // namespace muster

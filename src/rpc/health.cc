#include "rpc/health.h"

#include <utility>

#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "runtime/mutex.h"

namespace muster::rpc {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(1);

}  // namespace

class Health::State : public std::enable_shared_from_this<State> {
 public:
  State(const Clock& clock, Executor& executor) : clock_(clock), executor_(executor) {}

  void Attach(grpc::HealthCheckServiceInterface& service) {
    const MutexLock lock(mu_);
    service_ = &service;
    Tell(/*commands=*/false, /*rest=*/false);
  }

  void Follow(const Roll& roll) {
    {
      const MutexLock lock(mu_);
      roll_ = &roll;
      writable_ = true;
      Tell(/*commands=*/true, /*rest=*/true);
    }
    LookLater();
  }

  void Stop() {
    const MutexLock lock(mu_);
    if (service_ != nullptr) Tell(/*commands=*/false, /*rest=*/false);
    service_ = nullptr;
    roll_ = nullptr;
  }

 private:
  void LookLater() {
    executor_.PostAt(clock_.MonotonicNow() + kLookEvery, [self = shared_from_this()] {
      if (self->Look()) self->LookLater();
    });
  }

  /// False once stopped.
  bool Look() {
    const MutexLock lock(mu_);
    if (roll_ == nullptr) return false;
    const bool writable = roll_->Status().store_writable;
    if (std::exchange(writable_, writable) == writable) return true;
    Tell(/*commands=*/writable, /*rest=*/true);
    if (writable) {
      Log(LogLevel::kInfo, "the store can be written again: commands are served");
    } else {
      Log(LogLevel::kError, "the store cannot be written: commands answer UNAVAILABLE, queries go on");
    }
    return true;
  }

  void Tell(bool commands, bool rest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    service_->SetServingStatus(v1::WorkerCommands::service_full_name(), commands);
    service_->SetServingStatus(v1::WorkerQueries::service_full_name(), rest);
    service_->SetServingStatus("", rest);
  }

  const Clock& clock_;
  Executor& executor_;
  Mutex mu_;
  grpc::HealthCheckServiceInterface* service_ ABSL_GUARDED_BY(mu_) = nullptr;
  const Roll* roll_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool writable_ ABSL_GUARDED_BY(mu_) = true;
};

Health::Health(const Clock& clock, Executor& executor) : state_(std::make_shared<State>(clock, executor)) {}

void Health::Attach(grpc::HealthCheckServiceInterface& service) {
  state_->Attach(service);
}

void Health::Follow(const Roll& roll) {
  state_->Follow(roll);
}

void Health::Stop() {
  state_->Stop();
}

}  // namespace muster::rpc

#include "rpc/health.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "rpc/health_watcher.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "runtime/mutex.h"

namespace muster::rpc {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(1);

using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

/// What health says at one moment.
struct Now {
  explicit Now(const Gate& gate) {
    const Registry* registry = gate.registry();
    open = registry != nullptr;
    if (open) not_ready_because = registry->Status().not_ready_because;
  }

  ServingStatus Of(const std::string& service) const {
    using Response = grpc::health::v1::HealthCheckResponse;
    bool serving = open;
    if (service == v1::WorkerCommands::service_full_name()) {
      serving = open && not_ready_because.empty();
    } else if (!service.empty() && service != v1::WorkerQueries::service_full_name()) {
      return Response::SERVICE_UNKNOWN;
    }
    return serving ? Response::SERVING : Response::NOT_SERVING;
  }

  bool open = false;
  std::string not_ready_because;
};

}  // namespace

class HealthService::Watchers final : public HealthWatcher::Owner,
                                      public std::enable_shared_from_this<Watchers> {
 public:
  Watchers(const Gate& gate, const Clock& clock, Executor& executor)
      : gate_(gate), clock_(clock), executor_(executor) {}

  void Add(const std::shared_ptr<HealthWatcher>& watcher) {
    bool stopped = false;
    {
      const MutexLock lock(mu_);
      watchers_.insert(watcher);
      stopped = stopped_;
    }
    const ServingStatus status = Now(gate_).Of(watcher->service());
    stopped ? watcher->End(status) : watcher->Tell(status);
  }

  void Remove(const std::shared_ptr<HealthWatcher>& watcher) override {
    const MutexLock lock(mu_);
    watchers_.erase(watcher);
  }

  void Follow() {
    if (!Look()) return;
    executor_.PostAt(clock_.MonotonicNow() + kLookEvery, [self = shared_from_this()] { self->Follow(); });
  }

  void Stop() {
    {
      const MutexLock lock(mu_);
      stopped_ = true;
    }
    const Now now(gate_);
    for (const auto& watcher : All()) watcher->End(now.Of(watcher->service()));
  }

 private:
  /// False once stopped.
  bool Look() {
    std::optional<Now> now;
    {
      const MutexLock lock(mu_);  // so that Stop waits for it
      if (stopped_) return false;
      now.emplace(gate_);
    }
    for (const auto& watcher : All()) watcher->Tell(now->Of(watcher->service()));
    if (std::exchange(first_look_, false)) return true;  // it starts, and has not heard itself yet
    const bool ready = now->not_ready_because.empty();
    if (std::exchange(was_ready_, ready) == ready) return true;
    if (ready) {
      Log(LogLevel::kInfo, "ready again");
    } else {
      Log(LogLevel::kError, "not ready", {{"because", now->not_ready_because}});
    }
    return true;
  }

  std::vector<std::shared_ptr<HealthWatcher>> All() {
    const MutexLock lock(mu_);
    return {watchers_.begin(), watchers_.end()};
  }

  const Gate& gate_;
  const Clock& clock_;
  Executor& executor_;
  bool first_look_ = true;
  bool was_ready_ = true;  // at the last look
  Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<std::shared_ptr<HealthWatcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

HealthService::HealthService(const Gate& gate, const Clock& clock, Executor& executor)
    : gate_(gate), watchers_(std::make_shared<Watchers>(gate, clock, executor)) {}

HealthService::~HealthService() = default;

void HealthService::Follow() {
  watchers_->Follow();
}

void HealthService::Stop() {
  watchers_->Stop();
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context, const Request* request,
                                               Response* response) {
  response->set_status(Now(gate_).Of(request->service()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (response->status() == Response::SERVICE_UNKNOWN) {
    reactor->Finish({grpc::StatusCode::NOT_FOUND, "there is no such service"});
  } else {
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerWriteReactor<HealthService::Response>* HealthService::Watch(grpc::CallbackServerContext*,
                                                                        const Request* request) {
  auto watcher = HealthWatcher::Begin(watchers_, request->service());
  watchers_->Add(watcher);
  return watcher.get();
}

}  // namespace muster::rpc

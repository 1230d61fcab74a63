#include "registry/self_probe.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/errors.h"
#include "registry/prober.h"
#include "runtime/executor.h"

namespace muster {
namespace {

class DirectTarget final : public ProbeTarget {
 public:
  DirectTarget(Registry& registry, Executor& executor) : registry_(registry), executor_(executor) {}
  ~DirectTarget() override { GiveUp(); }

  const std::string& name() const override { return name_; }

  void Send(std::string_view /*probe_id*/, std::string_view token, bool /*fresh*/,
            Answered answered) override {
    waiting_->answered = std::move(answered);
    registry_.Probe(token, [executor = &executor_, waiting = waiting_,
                            number = ++waiting_->number](const WorkerError* error) {
      std::optional<std::string> failure;
      if (error != nullptr) failure = MessageOf(*error);
      executor->Post([waiting, number, failure = std::move(failure)]() mutable {
        if (waiting->number != number || waiting->answered == nullptr) return;  // it was given up
        std::exchange(waiting->answered, nullptr)(std::move(failure));
      });
    });
  }
  void GiveUp() override { waiting_->answered = nullptr; }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Answered answered;
  };

  Registry& registry_;
  Executor& executor_;
  const std::string name_ = "the registry";
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();  // for the probe that is under way
};

std::vector<std::unique_ptr<ProbeTarget>> OneTarget(Registry& registry, Executor& executor) {
  std::vector<std::unique_ptr<ProbeTarget>> targets;
  targets.push_back(NewDirectTarget(registry, executor));
  return targets;
}

}  // namespace

std::unique_ptr<ProbeTarget> NewDirectTarget(Registry& registry, Executor& executor) {
  return std::make_unique<DirectTarget>(registry, executor);
}

class SelfProbe::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(Registry& registry, const Clock& clock, Executor& executor,
       std::vector<std::unique_ptr<ProbeTarget>> targets)
      : registry_(registry), executor_(executor), prober_(registry, clock, std::move(targets)) {}

  void Start(std::string boot_id) {
    registry_.Start(prober_.SocketNames(), std::move(boot_id));
    executor_.Post([self = shared_from_this()] { self->Tick(); });
  }
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  void Tick() {
    if (stopped_.load(std::memory_order_relaxed)) return;
    executor_.PostAt(prober_.Tick(), [self = shared_from_this()] { self->Tick(); });
  }

  Registry& registry_;
  Executor& executor_;
  std::atomic<bool> stopped_ = false;
  Prober prober_;  // on the executor's thread only
};

SelfProbe::SelfProbe(Registry& registry, const Clock& clock, Executor& executor)
    : SelfProbe(registry, clock, executor, OneTarget(registry, executor)) {}

SelfProbe::SelfProbe(Registry& registry, const Clock& clock, Executor& executor,
                     std::vector<std::unique_ptr<ProbeTarget>> targets)
    : loop_(std::make_shared<Loop>(registry, clock, executor, std::move(targets))) {}

SelfProbe::~SelfProbe() {
  loop_->Stop();
}

void SelfProbe::Start(std::string boot_id) {
  loop_->Start(std::move(boot_id));
}

}  // namespace muster

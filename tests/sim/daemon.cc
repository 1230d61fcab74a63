#include "tests/sim/daemon.h"

#include <algorithm>
#include <utility>

namespace muster::sim {
namespace {

constexpr char kBoot[] = "boot";  // whatever dies, the clock of the machine goes on

/// The daemon's own port, as the daemon itself finds it.
class Port final : public ProbeTarget {
 public:
  Port(const Daemon& daemon, std::unique_ptr<ProbeTarget> registry)
      : daemon_(daemon), registry_(std::move(registry)) {}
  const std::string& name() const override { return name_; }
  void Send(std::string_view probe_id, std::string_view token, bool fresh, Answered answered) override {
    if (!daemon_.port_open()) return answered("refused");
    registry_->Send(probe_id, token, fresh, std::move(answered));
  }
  void GiveUp() override { registry_->GiveUp(); }

 private:
  const Daemon& daemon_;
  const std::unique_ptr<ProbeTarget> registry_;
  const std::string name_ = "the port";
};

std::vector<std::unique_ptr<ProbeTarget>> PortOf(const Daemon& daemon, Registry& registry,
                                                 Executor& executor) {
  std::vector<std::unique_ptr<ProbeTarget>> targets;
  targets.push_back(std::make_unique<Port>(daemon, NewDirectTarget(registry, executor)));
  return targets;
}

}  // namespace

Daemon::Life::Life(std::unique_ptr<Store> opened, Daemon& daemon)
    : store(opened.get()),
      registry(std::move(opened), daemon.clock_, daemon.random_, *daemon.writer_, daemon.settings_),
      probe(registry, daemon.clock_, *daemon.prober_, PortOf(daemon, registry, *daemon.prober_)),
      jobs(registry, daemon.clock_, *daemon.writer_) {}

Daemon::Daemon(Home& home, const ManualClock& clock, const Settings& settings, Dice dice)
    : home_(home), clock_(clock), settings_(settings), random_(dice) {}

Daemon::~Daemon() {
  if (up()) Kill();
}

absl::Status Daemon::Start() {
  writer_ = std::make_unique<ManualExecutor>(clock_);
  background_ = std::make_unique<ManualExecutor>(clock_);
  prober_ = std::make_unique<ManualExecutor>(clock_);
  must_end_ = std::make_shared<bool>(false);
  absl::StatusOr<std::unique_ptr<Store>> store =
      home_.Open({clock_, random_, *background_, [must_end = must_end_] { *must_end = true; }});
  if (!store.ok()) return store.status();
  life_ = std::make_unique<Life>(*std::move(store), *this);
  life_->probe.Start(kBoot);
  life_->jobs.Start();
  return absl::OkStatus();
}

void Daemon::Stop() {
  life_->jobs.Stop();
  End();
}

void Daemon::Kill() {
  home_.Kill();
  *life_->killed = true;
  End();
}

void Daemon::End() {
  paused_ = false;
  writer_runs_ = background_runs_ = true;  // not once more, while this waits for the disk
  TakeWaitingCalls();
  life_->registry.Drain([] {});
  writer_->RunUntilIdle();
  life_.reset();
  writer_runs_ = background_runs_ = false;
  writer_.reset();
  background_.reset();
  prober_.reset();
}

void Daemon::MaintainStore() {
  writer_runs_ = true;  // the writer does it
  life_->store->Maintain(absl::InfiniteDuration());
  writer_runs_ = false;
}

void Daemon::SetSettings(const Settings& settings) {
  settings_ = settings;
  if (up()) life_->registry.SetSettings(settings);
}

void Daemon::Receive(Task call) {
  if (paused_) {
    waiting_.push_back(std::move(call));
  } else {
    call();
  }
}

void Daemon::TakeWaitingCalls() {
  for (Task& call : std::exchange(waiting_, {})) call();
}

void Daemon::RunSome(ManualExecutor& executor) {
  const absl::Duration begun = clock_.MonotonicNow();
  while (executor.RunOne() && clock_.MonotonicNow() == begun) {
  }
}

void Daemon::RunDue() {
  if (!up() || paused_) return;
  if (!std::exchange(writer_runs_, true)) {
    RunSome(*writer_);
    // After a pause it does what is overdue before it hears any worker: the worst case.
    TakeWaitingCalls();
    writer_runs_ = false;
  }
  if (!std::exchange(background_runs_, true)) {
    RunSome(*background_);
    background_runs_ = false;
  }
  prober_->RunUntilIdle();  // it waits for nothing
}

std::optional<absl::Duration> Daemon::NextDeadline() {
  if (!up() || paused_) return std::nullopt;
  std::optional<absl::Duration> next = writer_runs_ ? std::nullopt : writer_->NextDeadline();
  for (const auto& other :
       {background_runs_ ? std::nullopt : background_->NextDeadline(), prober_->NextDeadline()}) {
    if (other) next = next ? std::min(*next, *other) : other;
  }
  return next;
}

}  // namespace muster::sim

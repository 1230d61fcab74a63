#include "tests/sim/daemon.h"

#include <algorithm>

namespace muster::sim {

Daemon::Daemon(Home& home, const ManualClock& clock, const Settings& settings, Dice dice)
    : home_(home), clock_(clock), settings_(settings), random_(dice) {}

Daemon::~Daemon() {
  if (up()) Kill();
}

absl::Status Daemon::Start() {
  writer_ = std::make_unique<ManualExecutor>(clock_);
  background_ = std::make_unique<ManualExecutor>(clock_);
  absl::StatusOr<std::unique_ptr<Store>> store = home_.Open({clock_, random_, *background_});
  if (!store.ok()) return store.status();
  life_ = std::make_unique<Life>(*std::move(store), clock_, random_, *writer_, settings_);
  life_->registry.Start({"no socket"}, "");
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
}

std::optional<absl::Duration> Daemon::NextDeadline() {
  if (!up() || paused_) return std::nullopt;
  std::optional<absl::Duration> next = writer_runs_ ? std::nullopt : writer_->NextDeadline();
  if (const auto other = background_runs_ ? std::nullopt : background_->NextDeadline()) {
    next = next ? std::min(*next, *other) : other;
  }
  return next;
}

}  // namespace muster::sim

#include "tests/sim/process.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "muster/commands.h"

namespace muster::sim {
namespace {

constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr double kGrowth = 1.6;
constexpr double kJitter = 0.2;

// As agents are told: never shorter than two thirds of the timeout, or 10 s.
absl::Duration DeadlineOf(const Settings& settings) {
  return std::max(settings.heartbeat_timeout * 2 / 3, absl::Seconds(10));
}

}  // namespace

Process::Process(const Surroundings& around, Identity identity, Dice dice)
    : around_(around),
      identity_(std::move(identity)),
      dice_(dice),
      capacity_(static_cast<std::int32_t>(1 + dice_.Below(8))),
      told_(around.timeout),
      daemon_(dice_.Below(1024)) {}

void Process::After(absl::Duration pause, void (Process::*next)()) {
  absl::Duration when = now() + pause;
  if (around_.grid > absl::ZeroDuration()) when = absl::Ceil(when, around_.grid);
  around_.timers.PostAt(when, [self = shared_from_this(), next] {
    if (!self->alive_) return;
    if (self->paused_until_ > self->now()) return self->After(self->paused_until_ - self->now(), next);
    (*self.*next)();
  });
}

void Process::Travel(void (Process::*arrive)()) {
  if (lag_ == absl::ZeroDuration()) return (this->*arrive)();
  around_.timers.PostAt(now() + lag_, [self = shared_from_this(), call = call_, arrive] {
    if (self->alive_ && self->call_ == call) (*self.*arrive)();
  });
}

void Process::Start() {
  After(dice_.Between(absl::ZeroDuration(), kFirstPause), &Process::Register);
}

void Process::Register() {
  ++call_;
  asked_ = around_.network.Connect(identity_.region, daemon_);
  if (asked_ == nullptr) return TryAgain(&Process::Register);
  GiveUpAfter(&Process::Register);
  Travel(&Process::SendRegister);
}

void Process::SendRegister() {
  RegisterWorkerCommand command;
  command.worker_id = identity_.worker;
  command.instance_id = identity_.instance;
  command.config.region = identity_.region;
  command.config.capacity = capacity_;
  command.replace = identity_.takes_over;
  command.actor = around_.ledger.BeginChange(identity_.worker, "register");
  asked_->Send<WorkerView>(
      identity_.worker, /*heartbeat=*/false,
      [command](WriteTx& tx, const Moment& at) { return RegisterWorker(command, tx, at); },
      [self = shared_from_this(), call = call_, actor = command.actor](const Answer<WorkerView>& answer) {
        self->around_.ledger.EndChange(actor, answer);
        if (self->call_ == call && self->alive_) self->Registered(answer);
      });
}

void Process::Registered(const Answer<WorkerView>& answer) {
  ++call_;
  if (answer.fate == Fate::kCommitted) {
    registered_ = true;
    pause_ = absl::ZeroDuration();
    return After(dice_.Between(absl::ZeroDuration(), asked_->settings().EffectiveMinInterval()),
                 &Process::Beat);
  }
  // Another process holds the id, or a person said that it failed: this one ends.
  if (answer.fate == Fate::kRefused) return Die();
  TryAgain(&Process::Register);
}

void Process::Beat() {
  if (relayed_) return;
  ++call_;
  asked_ = around_.network.Connect(identity_.region, daemon_);
  if (asked_ == nullptr) return TryAgain(&Process::Beat);
  GiveUpAfter(&Process::Beat);
  Travel(&Process::SendBeat);
}

void Process::SendBeat() {
  asked_->Send<HeartbeatReceipt>(
      identity_.worker, /*heartbeat=*/true,
      [self = shared_from_this(), timeout = asked_->settings().heartbeat_timeout](WriteTx& tx,
                                                                                  const Moment& at) {
        HeartbeatCommand command;
        command.worker_id = self->identity_.worker;
        command.instance_id = self->identity_.instance;
        return RecordHeartbeat(command, timeout, tx, at);
      },
      [self = shared_from_this(), call = call_, asked = asked_,
       timeout = asked_->settings().heartbeat_timeout](const Answer<HeartbeatReceipt>& answer) {
        // A reload on the way: either of the two may have been told.
        self->around_.ledger.EndHeartbeat(self->identity_.worker, answer, self->now(),
                                          std::min(timeout, asked->settings().heartbeat_timeout));
        if (self->call_ != call || !self->alive_) return;
        if (answer.fate == Fate::kCommitted) self->told_ = asked->settings().heartbeat_timeout;
        self->Heard(answer, answer.fate == Fate::kCommitted ? asked->registry().NextInterval()
                                                            : absl::ZeroDuration());
      });
}

void Process::Heard(const Answer<HeartbeatReceipt>& answer, absl::Duration advised) {
  ++call_;
  if (answer.fate == Fate::kCommitted) {
    pause_ = absl::ZeroDuration();
    return After(advised, &Process::Beat);
  }
  if (answer.fate != Fate::kRefused) return TryAgain(&Process::Beat);
  const WorkerError& error = answer.result->error();
  if (std::holds_alternative<WorkerNotFound>(error)) return After(kFirstPause, &Process::Register);
  if (identity_.stubborn) return After(asked_->settings().EffectiveMinInterval(), &Process::Beat);
  Die();  // superseded
}

void Process::TryAgain(void (Process::*what)()) {
  ++call_;
  ++daemon_;  // perhaps another daemon answers
  const absl::Duration longest =
      around_.max_pause * std::min(absl::FDivDuration(told_, around_.timeout), 1.0);
  pause_ = std::clamp(pause_ * kGrowth, kFirstPause, std::max(longest, kFirstPause));
  After(pause_ * (1 - kJitter + 2 * kJitter * dice_.Share()), what);
}

void Process::GiveUpAfter(void (Process::*what)()) {
  around_.timers.PostAt(now() + DeadlineOf(asked_->settings()),
                        [self = shared_from_this(), call = call_, what] {
                          if (self->alive_ && self->call_ == call) self->TryAgain(what);
                        });
}

}  // namespace muster::sim

#include "registry/writer.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "registry/put_off.h"
#include "runtime/executor.h"
#include "runtime/health_metrics.h"
#include "runtime/log.h"
#include "store/store.h"

namespace muster {
namespace {

constexpr int kBatchLimit = 8'192;
// A command may be a thousand heartbeats. A batch of too many would be a long turn. Where the store is far
// away, it would not be written within the store's timeout, and the next batch would be even larger.
constexpr std::size_t kForeseenLimit = 20'000;
constexpr absl::Duration kRetryRun = absl::Seconds(1);

// How often a daemon that hears nothing but its own probes writes to its store. At each probe at first, so
// that the listening clock advances even if the daemon never lives long.
constexpr absl::Duration kLongestWithoutWrite = absl::Seconds(5);
constexpr absl::Duration kYoung = absl::Seconds(10);

// By how much the stamp of a heartbeat may be ahead of the proven reading that was stored with it: two limits
// of a probe and four ticks, each as long as they can be (domain/probed_clock.h).
constexpr absl::Duration kStampsLead = absl::Seconds(24);

// A batch is decided at most so often, if other daemons change its workers meanwhile.
constexpr int kMaxTries = 5;
// A writer that did not renew its membership for so many ticks was stopped or stuck: another one may lead
// now.
constexpr int kTicksToRenewAnew = 3;

// Commands wait for a step of the store's own work: a step of this length is logged.
constexpr absl::Duration kLongStep = absl::Milliseconds(20);

// A writer that neither began a turn nor ended a commit for so long does not carry out commands. It begins a
// turn at every tick, a second apart or less. A disk that takes a second for each commit is slow, but works.
constexpr absl::Duration kStuckAfter = absl::Seconds(2);

StoreUnavailable Draining() {
  return {"the daemon is draining"};
}

}  // namespace

Registry::Writer::Writer(std::unique_ptr<Store> store, const Clock& clock, Random& random, Executor& executor,
                         const Settings& settings)
    : store_(std::move(store)),
      coordination_(store_->coordination()),
      clock_(clock),
      random_(random),
      executor_(executor),
      settings_box_(settings),
      progress_(clock.MonotonicNow()) {
  advised_micros_ = absl::ToInt64Microseconds(muster::AdvisedInterval(0, settings));
  timeouts_.in_force = settings.heartbeat_timeout;
}

void Registry::Writer::Start(std::vector<std::string> sockets, std::string boot_id) {
  // No other thread uses the store yet.
  started_ = last_write_ = clock_.MonotonicNow();
  const bool leads = coordination_ == nullptr;
  if (const auto last = store_->LastListening()) latest_stored_stamp_ = last->proven + kStampsLead;
  listening_.Start(started_, std::move(boot_id), leads ? store_->LastListening() : std::nullopt,
                   std::move(sockets), *settings_box_.Get(), leads);
  executor_.Post([this] {
    settings_ = settings_box_.Get();
    admission_.Configure(settings_->heartbeat_timeout);
    now_ = started_;
    if (coordination_ != nullptr) membership_error_ = StoreUnavailable{"the daemon is starting"};
    {
      const MutexLock lock(mu_);
      started_at_ = clock_.WallNow();
      heartbeat_rate_.Add(started_, 0);
    }
    if (coordination_ == nullptr) PutTimeoutInForce();
    Tick();
  });
}

Outcome Registry::Writer::Submit(Command& command) {
  if (auto refusal = admission_.Enter(command.heartbeats_asked_, random_.Bits())) return *refusal;
  backpressure_.OnSubmit();
  switch (queue_.Push(command)) {
    case CommandQueue::Pushed::kFirst:
      executor_.Post([this] { Turn(); });
      return Ok();
    case CommandQueue::Pushed::kBehindOthers:
      return Ok();
    case CommandQueue::Pushed::kClosed:
      admission_.Leave(Admission::Units(command.heartbeats_asked_));
      return Draining();
  }
  return Ok();
}

std::optional<WorkerError> Registry::Writer::Refuses(std::int64_t heartbeats) {
  return admission_.Refuses(heartbeats, random_.Bits());
}

void Registry::Writer::RunJobs(std::vector<Job> jobs, SweepQueue::Done done) {
  executor_.Post([this, jobs = std::move(jobs), done = std::move(done)]() mutable {
    if (draining_) return done(Draining());
    if (sweeps_.size() >= Registry::kMaxQueuedRuns) return done(Overloaded{kRetryRun});
    sweeps_.Add(std::move(jobs), std::move(done));
    QueueTurn();
  });
}

void Registry::Writer::SetSettings(const Settings& settings) {
  settings_box_.Set(settings);
  executor_.Post([this] {
    AdoptSettings();
    CountFleet();
  });
}

void Registry::Writer::Drain(absl::AnyInvocable<void()> drained) {
  const CommandQueue::List rest = queue_.Close();
  listening_.Stop();
  executor_.Post([this, rest, drained = std::move(drained)]() mutable {
    batch_waits_.Append(std::exchange(put_off_, {}));
    batch_waits_.Append(rest);
    drained_.push_back(std::move(drained));
    draining_ = true;
    if (!sweeps_.empty()) EndRun();
    sweeps_.Abandon(Draining());
    QueueTurn();
  });
}

void Registry::Writer::QueueTurn() {
  if (std::exchange(turn_queued_, true)) return;
  executor_.Post([this] {
    turn_queued_ = false;
    Turn();
  });
}

void Registry::Writer::Tick() {
  sweeps_wait_ = false;
  batch_waits_.Append(std::exchange(put_off_, {}));
  Turn();
  if (coordination_ != nullptr && last_renewed_ < now_) RenewMembership();
  if (coordination_ == nullptr) PutTimeoutInForce();  // again, if it failed
  CountFleet();
  if (!draining_) {
    executor_.PostAt(now_ + ProbedClock::TickLength(*settings_), [this] { Tick(); });
  }
}

void Registry::Writer::Turn() {
  AdoptSettings();
  Observe();
  if (coordination_ != nullptr &&
      (membership_error_ || now_ - last_renewed_ > kTicksToRenewAnew * ProbedClock::TickLength(*settings_))) {
    RenewMembership();
    Observe();
  }
  batch_waits_.Append(queue_.TakeAll());
  backpressure_.OnDrained();
  if (!batch_waits_.empty() && (draining_ || store_->Backlog() < 1)) CarryOutBatch();
  if (!sweeps_.empty() && !sweeps_wait_) CarryOutSweepStep();
  if (draining_) {  // the store's own work can wait for the next start
    return batch_waits_.empty() ? FinishDraining() : QueueTurn();
  }
  MaintainStore();
  const absl::Duration now = clock_.MonotonicNow();
  admission_.TurnEnded(now, now - now_, std::exchange(done_, 0), batch_waits_.empty());
  const bool sweep_waits = !sweeps_.empty() && !sweeps_wait_;
  if (!batch_waits_.empty() || sweep_waits || maintenance_.more()) QueueTurn();
}

void Registry::Writer::AdoptSettings() {
  std::shared_ptr<const Settings> current = settings_box_.Get();
  if (current == settings_) return;
  settings_ = std::move(current);
  admission_.Configure(settings_->heartbeat_timeout);
  listening_.Configure(*settings_);
  if (!membership_error_) PutTimeoutInForce();
}

void Registry::Writer::Observe() {
  now_ = clock_.MonotonicNow();
  const MutexLock lock(mu_);
  progress_ = now_;
}

Moment Registry::Writer::CommandMoment() {
  return {WallNow(), listening_.Running(now_)};
}

SweepMoment Registry::Writer::StepMoment() {
  return {{WallNow(), listening_.Proven(now_)}};
}

CommitResult Registry::Writer::EndCommit(CommitResult result) {
  if (!result.committed()) store_->Rollback();
  const absl::Duration now = clock_.MonotonicNow();
  {
    const MutexLock lock(mu_);
    progress_ = now;
  }
  if (result.lost_race() || result.refused() || !result.wrote) return result;
  if (result.committed()) {
    last_write_ = now;
    listening_.CommitWorked();
  } else {
    const bool in_doubt = result.kind == CommitResult::Kind::kInDoubt;
    batches_not_committed.Add(1, in_doubt ? BatchFailure::kInDoubt : BatchFailure::kFailed);
    listening_.CommitFailed(now);
  }
  return result;
}

void Registry::Writer::CarryOutBatch() {
  CommandQueue::List probes;
  CommandQueue::List heartbeats;
  CommandQueue::List rest;
  heartbeats_foreseen_.ids.clear();
  foreseen_.ids.clear();
  foreseen_.only_heartbeats = false;
  const bool alone = store_->PrefersHeartbeatsAlone();
  int count = 0;
  const auto foreseen = [this] { return heartbeats_foreseen_.ids.size() + foreseen_.ids.size(); };
  for (; count < kBatchLimit && foreseen() < kForeseenLimit && !batch_waits_.empty(); ++count) {
    Command& command = batch_waits_.PopFront();
    if (command.stages_nothing_) {
      probes.PushBack(command);
      continue;
    }
    // Where daemons share the store, changes of different daemons wait for each other: a change must not
    // also wait for many heartbeats. All these commands are under way at the same time, so any order is
    // correct.
    const bool apart = alone && IsHeartbeat(command);
    if (!alone) command.CollectKeys(foreseen_);
    (apart ? heartbeats : rest).PushBack(command);
  }
  // A probe that came during a commit may wait for the step of a job as well. With a commit of its own these
  // are three, and a disk that takes a quarter of the timeout for each would look like a daemon that is deaf.
  write_follows_ = !heartbeats.empty() || !rest.empty();
  if (!probes.empty()) CarryOut(probes, BatchKeys());
  write_follows_ = false;
  if (!heartbeats.empty()) CarryOut(heartbeats, heartbeats_foreseen_);
  if (!rest.empty()) CarryOut(rest, foreseen_);
}

bool Registry::Writer::IsHeartbeat(const Command& command) {
  const auto first = static_cast<std::ptrdiff_t>(heartbeats_foreseen_.ids.size());
  command.CollectKeys(heartbeats_foreseen_);
  if (heartbeats_foreseen_.only_heartbeats) return true;
  const auto its = heartbeats_foreseen_.ids.begin() + first;
  foreseen_.ids.insert(foreseen_.ids.end(), its, heartbeats_foreseen_.ids.end());
  heartbeats_foreseen_.ids.erase(its, heartbeats_foreseen_.ids.end());
  heartbeats_foreseen_.only_heartbeats = true;
  return false;
}

void Registry::Writer::CarryOut(CommandQueue::List batch, const BatchKeys& keys) {
  std::int64_t heartbeats = 0;
  CommitResult result = Decide(batch, keys, heartbeats);
  for (int tries = 1; result.lost_race() && tries < kMaxTries; ++tries) {
    result = Decide(batch, keys, heartbeats);
  }
  if (result.refused()) {
    const auto commands = std::distance(batch.begin(), batch.end());
    if (commands > 1) return CarryOutInHalves(batch, commands, keys.only_heartbeats);
  }
  std::optional<WorkerError> not_durable;
  if (!result.committed()) {
    not_durable = result.error();
  } else if (heartbeats > 0) {
    const MutexLock lock(mu_);
    heartbeats_ += heartbeats;
    heartbeat_rate_.Add(now_, heartbeats);
  }
  while (!batch.empty()) {
    Command& command = batch.PopFront();
    if (command.put_off_ && result.committed()) {
      put_off_.PushBack(command);
      continue;
    }
    const std::int64_t units = Admission::Units(command.heartbeats_asked_);
    // Release admission before Finish: a client that sends its next call when it receives the answer must
    // not be counted twice.
    admission_.Leave(units);
    done_ += units;
    command.Finish(not_durable ? &*not_durable : nullptr);
  }
}

// Only the command that the store refuses must fail, not the rest of its batch.
void Registry::Writer::CarryOutInHalves(CommandQueue::List batch, std::ptrdiff_t commands,
                                        bool only_heartbeats) {
  for (const std::ptrdiff_t part : {commands / 2, commands - commands / 2}) {
    CommandQueue::List half;
    BatchKeys keys;
    for (std::ptrdiff_t i = 0; i < part; ++i) {
      Command& command = batch.PopFront();
      command.CollectKeys(keys);
      half.PushBack(command);
    }
    keys.only_heartbeats = only_heartbeats;
    CarryOut(half, keys);
  }
}

CommitResult Registry::Writer::Decide(const CommandQueue::List& batch, const BatchKeys& keys,
                                      std::int64_t& heartbeats) {
  if (membership_error_) return CommitResult::Failed(membership_error_->reason);
  WriteTx& tx = store_->BeginBatch(keys);
  const Moment moment = CommandMoment();
  const bool any_held = tx.AnyHeld();
  bool writes = false;
  heartbeats = 0;
  for (Command& command : batch) {
    writes = writes || !command.stages_nothing_;
    command.heartbeats_recorded_ = 0;
    command.put_off_ = any_held && PutOff(command, tx);
    if (command.put_off_) continue;
    command.Apply(tx, moment);
    heartbeats += command.heartbeats_recorded_;
  }
  return writes || (!write_follows_ && WriteIsDue()) ? Commit() : CommitStep();
}

bool Registry::Writer::WriteIsDue() {
  if (coordination_ != nullptr) return false;  // RenewMembership stores the clock
  if (now_ - started_ < kYoung || listening_.store_away()) return true;
  if (!store_->StoppedBecause().empty()) return true;  // so that the clock learns of it at once
  return now_ - last_write_ >= std::min(kLongestWithoutWrite, settings_->heartbeat_timeout / 6);
}

bool Registry::Writer::PutOff(Command& command, const WriteTx& tx) const {
  BatchKeys keys;
  command.CollectKeys(keys);
  const absl::Duration since = command.put_off_since_.value_or(now_);
  if (draining_ || !ShouldPutOff(keys, tx, now_ - since)) return false;
  command.put_off_since_ = since;
  return true;
}

void Registry::Writer::CarryOutSweepStep() {
  if (membership_error_) return FailRun(*membership_error_);
  WriteTx& tx = store_->BeginStep();
  const SweepMoment moment = StepMoment();
  const Outcome staged = sweeps_.Step(tx, moment, *settings_);
  if (!staged.ok()) {
    store_->Rollback();
    return FailRun(staged.error());
  }
  const CommitResult result = CommitStep();
  if (result.lost_race() && sweeps_.StartSweepAnew()) {
    sweeps_wait_ = true;  // another daemon's run is under way
    return;
  }
  if (!result.committed()) return FailRun(result.error());
  if (sweeps_.RunEnds()) EndRun();
  const SweepQueue::Progress progress = sweeps_.StepCommitted();
  const MutexLock lock(mu_);
  if (progress.job == Job::kStaleDetection) {
    detection_.CalledOffline(progress.moved, progress.ids, progress.worst_latency, moment.listening,
                             settings_->heartbeat_timeout);
  } else if (progress.job == Job::kReactivation) {
    detection_.CameBackInTime(progress.false_offlines);
  }
}

void Registry::Writer::EndRun() {
  if (coordination_ != nullptr) coordination_->EndRun();
}

void Registry::Writer::FailRun(const WorkerError& error) {
  EndRun();
  {
    const MutexLock lock(mu_);
    ++job_failures_;
  }
  sweeps_.StepFailed(error);
}

void Registry::Writer::MaintainStore() {
  const bool idle = batch_waits_.empty() && sweeps_.empty();
  const absl::Duration begin = clock_.MonotonicNow();
  const absl::Duration budget = maintenance_.Budget(begin, store_->Backlog(), idle);
  if (budget <= absl::ZeroDuration()) return;
  const bool more = store_->Maintain(budget);
  const absl::Duration end = clock_.MonotonicNow();
  maintenance_.Stepped(budget, begin, end, more);
  if (end - begin > kLongStep) {
    Log(LogLevel::kDebug, "a step of the store's own work took long",
        {{"took", absl::FormatDuration(end - begin)}, {"meant", absl::FormatDuration(budget)}});
  }
}

void Registry::Writer::CountFleet() {
  const std::int64_t workers = store_->WorkerCount();
  {
    const MutexLock lock(mu_);
    workers_ = workers;
  }
  advised_micros_.store(absl::ToInt64Microseconds(muster::AdvisedInterval(workers, *settings_)),
                        std::memory_order_relaxed);
}

void Registry::Writer::FinishDraining() {
  if (drained_.empty()) return;
  store_->Begin();
  (void)Commit();
  for (absl::AnyInvocable<void()>& drained : std::exchange(drained_, {})) drained();
}

RegistryStatus Registry::Writer::Status() const {
  const absl::Duration now = clock_.MonotonicNow();
  const Listening::Status listening = listening_.Now(now);
  RegistryStatus status;
  status.leads = listening.leads;
  status.not_listening_because = listening.not_listening_because;
  status.listening = status.not_listening_because.empty();
  status.clock = listening.proven;
  status.store_writable = !listening.store_away;
  status.blind = listening.blind;
  status.blind_times = listening.blind_times;
  status.probes_answered = listening.probes.answered;
  status.probes_failed = listening.probes.failed;
  status.last_probe_latency = listening.probes.last_latency;
  status.worst_probe_latency = listening.probes.worst_latency;
  std::string stopped = store_->StoppedBecause();
  const MutexLock lock(mu_);
  const absl::Duration stuck = now - progress_;
  if (!stopped.empty()) {
    status.not_ready_because = std::move(stopped);
  } else if (listening.store_away) {
    status.not_ready_because = "the store cannot be written";
  } else if (stuck > kStuckAfter) {
    status.not_ready_because = absl::StrCat(
        "the writer has been stuck for ", absl::FormatDuration(absl::Floor(stuck, absl::Milliseconds(100))));
  } else {
    status.not_ready_because = listening.deaf_because;
  }
  status.heartbeats_recorded = heartbeats_;
  status.heartbeats_per_second = heartbeat_rate_.PerSecond(now);
  status.workers = workers_;
  status.offline_detected = detection_.offline_detected();
  status.false_offlines = detection_.false_offlines();
  status.flaps = detection_.flaps();
  status.worst_detection_latency = detection_.worst_latency();
  status.job_failures = job_failures_;
  status.differing_settings = differing_settings_;
  status.started_at = started_at_;
  return status;
}

}  // namespace muster

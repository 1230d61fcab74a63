#include "roll/writer.h"

#include <string>
#include <utility>

#include "roll/random_bits.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "store/store.h"

namespace muster {
namespace {

constexpr int kBatchLimit = 8'192;
// A command may be a thousand heartbeats: a batch of too many would be a long turn, and where the store is
// far away it would not be written within the store's patience, nor would the next one, which is larger for
// it.
constexpr std::size_t kForeseenLimit = 20'000;
constexpr absl::Duration kRetryRun = absl::Seconds(1);

// How often the listening clock is stored where nothing else is. More often at first: a daemon that never
// lives long still gets on.
constexpr absl::Duration kStoreClockEvery = absl::Seconds(5);
constexpr absl::Duration kYoung = absl::Seconds(10);

// How often a batch is decided at most, where other daemons change its workers meanwhile.
constexpr int kMostTries = 5;
// A writer that did not attend for so many ticks was stopped or stuck: another may lead by now.
constexpr int kTicksToAttendAnew = 3;

// Others wait for a step of the store's own work: one of so long is worth a word.
constexpr absl::Duration kLongStep = absl::Milliseconds(20);

StoreUnavailable Draining() {
  return {"the daemon is draining"};
}

}  // namespace

Roll::Writer::Writer(std::unique_ptr<Store> store, const Clock& clock, Executor& executor,
                     const Settings& settings)
    : store_(std::move(store)), clock_(clock), executor_(executor), settings_box_(settings) {
  advised_micros_ = absl::ToInt64Microseconds(muster::AdvisedInterval(0, settings));
}

void Roll::Writer::Start() {
  executor_.Post([this] {
    settings_ = settings_box_.Get();
    admission_.Configure(settings_->heartbeat_timeout);
    started_ = last_commit_ = clock_.MonotonicNow();
    {
      const MutexLock lock(mu_);
      started_at_ = clock_.WallNow();
      heartbeat_rate_.Add(started_, 0);
      roll_clock_.Configure(*settings_);
      if (store_->Shared()) {
        unattended_ = StoreUnavailable{"the daemon is starting"};
      } else {
        roll_clock_.Lead(started_, store_->LastListening(), *settings_, "the daemon was started again");
      }
    }
    Tick();
  });
}

Outcome Roll::Writer::Submit(Command& command) {
  if (auto refusal = admission_.Enter(command.heartbeats_asked_, RandomBits())) return *refusal;
  backpressure_.Came();
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

std::optional<WorkerError> Roll::Writer::Refuses(std::int64_t heartbeats) {
  return admission_.Refuses(heartbeats, RandomBits());
}

void Roll::Writer::RunJobs(std::vector<Job> jobs, SweepQueue::Done done) {
  executor_.Post([this, jobs = std::move(jobs), done = std::move(done)]() mutable {
    if (draining_) return done(Draining());
    if (sweeps_.size() >= Roll::kMaxQueuedRuns) return done(Overloaded{kRetryRun});
    sweeps_.Add(std::move(jobs), std::move(done));
    QueueTurn();
  });
}

void Roll::Writer::SetSettings(const Settings& settings) {
  settings_box_.Set(settings);
  executor_.Post([this] {
    AdoptSettings();
    CountFleet();
  });
}

void Roll::Writer::Drain(absl::AnyInvocable<void()> drained) {
  const CommandQueue::List rest = queue_.Close();
  executor_.Post([this, rest, drained = std::move(drained)]() mutable {
    batch_waits_.Append(rest);
    drained_.push_back(std::move(drained));
    draining_ = true;
    if (!sweeps_.empty()) store_->EndRun();
    sweeps_.Abandon(Draining());
    QueueTurn();
  });
}

void Roll::Writer::QueueTurn() {
  if (std::exchange(turn_queued_, true)) return;
  executor_.Post([this] {
    turn_queued_ = false;
    Turn();
  });
}

void Roll::Writer::Tick() {
  sweeps_wait_ = false;
  Turn();
  if (store_->Shared() && last_attended_ < now_) Attend();
  SayWhetherListening();
  CountFleet();
  StoreClockIfDue();
  if (!draining_) {
    executor_.PostAt(now_ + ListeningClock::Tick(*settings_), [this] { Tick(); });
  }
}

void Roll::Writer::SayWhetherListening() {
  std::string because;
  {
    const MutexLock lock(mu_);
    because = roll_clock_.NotListeningBecause(now_);
  }
  if (because.empty() == said_listening_) return;
  said_listening_ = because.empty();
  if (said_listening_) {
    Log(LogLevel::kInfo, "listening: silence counts again");
  } else {
    Log(LogLevel::kWarning, "not listening: nobody's silence counts", {{"because", because}});
  }
}

void Roll::Writer::Attend() {
  last_attended_ = now_;
  ListeningReport own;
  {
    const MutexLock lock(mu_);
    own = roll_clock_.report();
  }
  const Result<Standing> standing = store_->Attend(own, ListeningClock::Tick(*settings_));
  unattended_.reset();
  if (!standing.ok()) unattended_ = standing.error();
  const MutexLock lock(mu_);
  if (unattended_) return roll_clock_.StoreFailed();
  if (!standing->leads) {
    if (roll_clock_.leads()) Log(LogLevel::kWarning, "another daemon leads now");
    roll_clock_.Follow(now_, standing->heard, *settings_);
  } else if (!roll_clock_.leads()) {
    Log(LogLevel::kInfo, "this daemon leads: it runs the scheduled jobs");
    roll_clock_.Lead(now_, store_->LastListening(), *settings_, "another daemon had led before");
  }
  if (standing->daemon_lost) roll_clock_.DaemonLost();
  roll_clock_.StoreWorks();
  workers_ = standing->workers;
}

void Roll::Writer::Turn() {
  AdoptSettings();
  Observe();
  if (store_->Shared() &&
      (unattended_ || now_ - last_attended_ > kTicksToAttendAnew * ListeningClock::Tick(*settings_))) {
    Attend();
  }
  batch_waits_.Append(queue_.TakeAll());
  backpressure_.Taken();
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

void Roll::Writer::AdoptSettings() {
  std::shared_ptr<const Settings> current = settings_box_.Get();
  if (current == settings_) return;
  settings_ = std::move(current);
  admission_.Configure(settings_->heartbeat_timeout);
  const MutexLock lock(mu_);
  roll_clock_.Configure(*settings_);
}

void Roll::Writer::Observe() {
  now_ = clock_.MonotonicNow();
  const MutexLock lock(mu_);
  roll_clock_.Observe(now_);
}

Moment Roll::Writer::BeginMoment() {
  const absl::Time wall = absl::FromUnixMicros(absl::ToUnixMicros(clock_.WallNow()));
  const MutexLock lock(mu_);
  return {wall, roll_clock_.now()};
}

Outcome Roll::Writer::Commit() {
  ListeningState state;
  {
    const MutexLock lock(mu_);
    if (roll_clock_.store_away()) roll_clock_.Nudge();
    state = roll_clock_.report().state;
  }
  Outcome committed = store_->Commit(state);
  if (!committed.ok()) store_->Rollback();
  if (store_->Overtaken()) return committed;
  const MutexLock lock(mu_);
  if (committed.ok()) {
    last_commit_ = now_;
    roll_clock_.StoreWorks();
  } else {
    roll_clock_.StoreFailed();
  }
  return committed;
}

void Roll::Writer::CarryOutBatch() {
  CommandQueue::List heartbeats;
  CommandQueue::List rest;
  heartbeats_foreseen_.ids.clear();
  foreseen_.ids.clear();
  foreseen_.only_heartbeats = false;
  const bool foresees = store_->Foresees();
  int count = 0;
  const auto foreseen = [this] { return heartbeats_foreseen_.ids.size() + foreseen_.ids.size(); };
  for (; count < kBatchLimit && foreseen() < kForeseenLimit && !batch_waits_.empty(); ++count) {
    Command& command = batch_waits_.PopFront();
    // Where daemons share the store, a change makes them wait for each other: that should not last for as
    // long as many heartbeats take. All of these commands are under way at the same time, so any order is
    // theirs.
    const bool apart = foresees && IsHeartbeat(command);
    if (!foresees) command.Foresee(foreseen_);
    (apart ? heartbeats : rest).PushBack(command);
  }
  if (!heartbeats.empty()) CarryOut(heartbeats, heartbeats_foreseen_);
  if (!rest.empty()) CarryOut(rest, foreseen_);
}

bool Roll::Writer::IsHeartbeat(const Command& command) {
  const auto first = static_cast<std::ptrdiff_t>(heartbeats_foreseen_.ids.size());
  command.Foresee(heartbeats_foreseen_);
  if (heartbeats_foreseen_.only_heartbeats) return true;
  const auto its = heartbeats_foreseen_.ids.begin() + first;
  foreseen_.ids.insert(foreseen_.ids.end(), its, heartbeats_foreseen_.ids.end());
  heartbeats_foreseen_.ids.erase(its, heartbeats_foreseen_.ids.end());
  heartbeats_foreseen_.only_heartbeats = true;
  return false;
}

void Roll::Writer::CarryOut(CommandQueue::List batch, const Foresight& foresight) {
  Result<std::int64_t> heartbeats = Decide(batch, foresight);
  for (int tries = 1; !heartbeats.ok() && store_->Overtaken() && tries < kMostTries; ++tries) {
    heartbeats = Decide(batch, foresight);
  }
  if (heartbeats.ok() && *heartbeats > 0) {
    const MutexLock lock(mu_);
    heartbeats_ += *heartbeats;
    heartbeat_rate_.Add(now_, *heartbeats);
  }
  const WorkerError* const not_durable = heartbeats.ok() ? nullptr : &heartbeats.error();
  while (!batch.empty()) {
    Command& command = batch.PopFront();
    const std::int64_t units = Admission::Units(command.heartbeats_asked_);
    // Before its answer: who sends the next one as soon as he has it is not to find himself in the way.
    admission_.Leave(units);
    done_ += units;
    command.Finish(not_durable);
  }
}

Result<std::int64_t> Roll::Writer::Decide(const CommandQueue::List& batch, const Foresight& foresight) {
  if (unattended_) return *unattended_;
  WriteTx& tx = store_->BeginBatch(foresight);
  const Moment moment = BeginMoment();
  std::int64_t heartbeats = 0;
  for (Command& command : batch) {
    command.heartbeats_recorded_ = 0;
    command.Apply(tx, moment);
    heartbeats += command.heartbeats_recorded_;
  }
  const Outcome committed = Commit();
  if (!committed.ok()) return committed.error();
  return heartbeats;
}

void Roll::Writer::CarryOutSweepStep() {
  if (unattended_) return FailRun(*unattended_);
  WriteTx* const tx = store_->BeginStep();
  sweeps_wait_ = tx == nullptr;
  if (sweeps_wait_) return;
  const Moment moment = BeginMoment();
  Outcome outcome = sweeps_.Step(*tx, moment, *settings_);
  // Mostly there is nobody to move. Then there is nothing to wait for the disk for, unless others are to know
  // how far the run has come.
  if (outcome.ok() && (store_->Shared() || !tx->StagedNothing())) {
    outcome = Commit();
  } else {
    store_->Rollback();
  }
  if (!outcome.ok()) return FailRun(outcome.error());
  if (sweeps_.RunEnds()) store_->EndRun();
  const SweepQueue::Progress progress = sweeps_.StepCommitted();
  const MutexLock lock(mu_);
  if (progress.job == Job::kStaleDetection) {
    detection_.CalledOffline(progress.moved, progress.ids, progress.worst_latency, moment.listening,
                             settings_->heartbeat_timeout);
  } else if (progress.job == Job::kReactivation) {
    detection_.CameBackInTime(progress.false_offlines);
  }
}

void Roll::Writer::FailRun(const WorkerError& error) {
  store_->EndRun();
  {
    const MutexLock lock(mu_);
    ++job_failures_;
  }
  sweeps_.StepFailed(error);
}

void Roll::Writer::StoreClockIfDue() {
  if (store_->Shared()) return;  // Attend does
  {
    const MutexLock lock(mu_);
    const absl::Duration pace =
        now_ - started_ < kYoung ? ListeningClock::Tick(*settings_) : kStoreClockEvery;
    if (!roll_clock_.store_away() && now_ - last_commit_ < pace) return;
  }
  store_->Begin();
  (void)Commit();  // the listening clock takes note of a failure
}

void Roll::Writer::MaintainStore() {
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

void Roll::Writer::CountFleet() {
  if (!store_->Shared()) {  // else Attend was told
    const Result<std::vector<RegionTotals>> totals = store_->Reader().Totals();
    if (!totals.ok()) return;
    std::int64_t workers = 0;
    for (const RegionTotals& region : *totals) {
      for (const WorkerStatus status : kAllStatuses) workers += region.by_status[static_cast<int>(status)];
    }
    const MutexLock lock(mu_);
    workers_ = workers;
  }
  const MutexLock lock(mu_);
  advised_micros_.store(absl::ToInt64Microseconds(muster::AdvisedInterval(workers_, *settings_)),
                        std::memory_order_relaxed);
}

void Roll::Writer::FinishDraining() {
  if (drained_.empty()) return;
  store_->Begin();
  (void)Commit();
  for (absl::AnyInvocable<void()>& drained : std::exchange(drained_, {})) drained();
}

RollStatus Roll::Writer::Status() const {
  const absl::Duration now = clock_.MonotonicNow();
  RollStatus status;
  const MutexLock lock(mu_);
  status.leads = roll_clock_.leads();
  status.not_listening_because = roll_clock_.NotListeningBecause(now);
  status.listening = status.not_listening_because.empty();
  status.clock = roll_clock_.now();
  status.store_writable = !roll_clock_.store_away();
  status.heartbeats_recorded = heartbeats_;
  status.heartbeats_per_second = heartbeat_rate_.PerSecond(now);
  status.workers = workers_;
  status.offline_detected = detection_.offline_detected();
  status.false_offlines = detection_.false_offlines();
  status.flaps = detection_.flaps();
  status.worst_detection_latency = detection_.worst_latency();
  status.job_failures = job_failures_;
  status.started_at = started_at_;
  return status;
}

}  // namespace muster

#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/commands.h"
#include "runtime/log.h"
#include "store/store.h"
#include "tests/sim/accidents.h"

namespace muster::sim {
namespace {

constexpr absl::Duration kStep = absl::Seconds(7);  // between two comparisons
constexpr std::uint64_t kOneHistoryIn = 23;
constexpr absl::Duration kStartAgain = absl::Seconds(5);
constexpr absl::Duration kSkew = absl::Seconds(4);  // four ticks: registry/listening.h
// So late may a daemon find out that its file is gone.
constexpr absl::Duration kNoticed = absl::Seconds(2);
constexpr int kLargeFleet = 1000;
// A sync that takes longer than this is slow; the clock lags then, by two limits of a probe at most.
constexpr absl::Duration kQuick = absl::Milliseconds(500);
constexpr absl::Duration kSlowFor = absl::Seconds(20);

}  // namespace

World::World(const Plan& plan)
    : plan_(plan),
      start_(clock_.MonotonicNow()),
      clients_(clock_),
      accidents_(clock_),
      ledger_(plan.history, plan.max_events),
      promises_(ledger_, plan.daemons > 1 ? kSkew : absl::ZeroDuration(),
                plan.max_pause > plan.settings.heartbeat_timeout / 6) {
  ConfigureLog(LogFormat::kText, LogLevel::kError);
  StoreOptions options;
  options.history = plan.history;
  options.max_events = plan.max_events;
  const auto stall = [this](absl::Duration time) { Stall(time); };
  if (plan.daemons == 1) {
    disk_ = std::make_unique<RollOnDisk>(clock_, Dice(plan.seed, 1).Bits(), options);
    disk_->disk().stall = stall;
    disk_->disk().faults.log_sync_takes = plan.sync_takes;
  } else {
    shared_ = std::make_unique<SharedRoll>(clock_, Dice(plan.seed, 1), options);
    shared_->stall = stall;
  }
  std::vector<Daemon*> daemons;
  for (int i = 0; i < plan.daemons; ++i) {
    Home& home = disk_ != nullptr ? static_cast<Home&>(*disk_) : shared_->AddMember();
    daemons_.push_back(std::make_unique<Daemon>(home, clock_, plan.settings,
                                                Dice(plan.seed, 100 + static_cast<std::uint64_t>(i))));
    daemons.push_back(daemons_.back().get());
  }
  network_ = std::make_unique<Network>(daemons, clock_);
  around_.emplace(Surroundings{clock_, clients_, *network_, ledger_, plan.max_pause,
                               plan.settings.heartbeat_timeout,
                               plan.workers >= kLargeFleet ? absl::Milliseconds(100) : absl::ZeroDuration()});
  fleet_ = std::make_unique<Fleet>(*around_, Dice(plan.seed, 2));
}

World::~World() = default;

Verdict World::Run() {
  Accidents accidents(*this);
  for (const Accident& accident : plan_.accidents) {
    accidents_.PostAt(start_ + accident.at, [&accidents, &accident] { accidents.Happen(accident); });
  }
  for (std::size_t i = 0; i < daemons_.size(); ++i) StartDaemon(i);
  for (int i = 0; i < plan_.workers; ++i) fleet_->Join();
  PassUntil(start_ + absl::Minutes(1));
  fleet_->PutBehindRelays();
  while (now() < plan_.length && !ends_early_ && ledger_.broken().empty()) {
    PassUntil(clock_.MonotonicNow() + kStep);
    Compare(kOneHistoryIn);
  }
  if (ledger_.broken().empty() && !file_gone_) Settle();
  Verdict verdict;
  verdict.broken = ledger_.broken();
  verdict.at = now();
  verdict.story = std::move(story_);
  verdict.fingerprint = ledger_.fingerprint();
  verdict.heartbeats = ledger_.heartbeats();
  verdict.events = ledger_.events();
  verdict.in_doubt = ledger_.in_doubt();
  verdict.called_offline = promises_.called_offline();
  verdict.holds = promises_.holds();
  verdict.lives = lives_;
  return verdict;
}

void World::PassUntil(absl::Duration end) {
  while (ledger_.broken().empty()) {
    clients_.RunUntilIdle();
    if (stalls_ == 0) accidents_.RunUntilIdle();
    RunDaemons();
    const absl::Duration now = clock_.MonotonicNow();
    if (now >= end) return;
    absl::Duration next = std::min(end, clients_.NextDeadline().value_or(end));
    if (stalls_ == 0) next = std::min(next, accidents_.NextDeadline().value_or(end));
    for (const auto& daemon : daemons_) next = std::min(next, daemon->NextDeadline().value_or(end));
    if (next > now) Advance(next - now);
  }
}

void World::RunDaemons() {
  for (std::size_t i = 0; i < daemons_.size(); ++i) {
    daemons_[i]->RunDue();
    if (stalls_ > 0) continue;
    if (daemons_[i]->died()) {
      Tell("it dies");
      daemons_[i]->Kill();
      accidents_.PostAt(clock_.MonotonicNow() + away_after_death_, [this, i] { StartDaemon(i); });
    } else if (daemons_[i]->must_end() && !daemons_[i]->paused()) {
      Tell("it ends, because its disk failed");
      daemons_[i]->Stop();
      accidents_.PostAt(clock_.MonotonicNow() + kStartAgain, [this, i] { StartDaemon(i); });
    }
  }
  if (stalls_ == 0) Observe();
}

bool World::Hears() const {
  return troubles_ == 0 && long_stalls_ == 0 &&
         std::all_of(daemons_.begin(), daemons_.end(),
                     [](const auto& daemon) { return daemon->reachable() && !daemon->paused(); });
}

void World::BeginOutage() {
  if (outages_++ > 0) return;
  Daemon* const daemon = Observed();
  if (daemon != nullptr) clock_at_outage_ = daemon->registry().Status().clock;
}

void World::EndOutage() {
  CheckClockStands();
  if (--outages_ == 0) clock_at_outage_.reset();
}

void World::CheckClockStands() {
  Daemon* const daemon = Observed();
  if (!clock_at_outage_ || daemon == nullptr) return;
  const absl::Duration counted = daemon->registry().Status().clock - *clock_at_outage_;
  // A quiet daemon asks its store so often; and what was sent before the outage may be answered now.
  const absl::Duration timeout = daemon->settings().heartbeat_timeout;
  const absl::Duration asks =
      std::min(absl::Seconds(5), timeout / 6) + 2 * std::min(absl::Seconds(1), timeout / 20);
  const bool slow = clock_.MonotonicNow() < slow_until_;
  if (counted > asks + (slow ? kSlowFor : absl::ZeroDuration())) {
    ledger_.Break(absl::StrCat("the daemon counts ", absl::FormatDuration(counted),
                               " of an outage, in which no worker can be heard, as silence"));
  }
}

void World::Advance(absl::Duration time) {
  promises_.hearing().Pass(time, Hears(), InForce().heartbeat_timeout);
  if (!Hears()) promises_.JobsMayFail();
  clock_.Advance(time);
}

Settings World::InForce() const {
  Settings settings = daemons_.front()->settings();
  for (const auto& daemon : daemons_) {
    const Settings& its = daemon->settings();
    settings.heartbeat_timeout = std::max(settings.heartbeat_timeout, its.heartbeat_timeout);
    settings.activation_interval = std::max(settings.activation_interval, its.activation_interval);
    settings.stale_interval = std::max(settings.stale_interval, its.stale_interval);
    settings.reactivation_interval = std::max(settings.reactivation_interval, its.reactivation_interval);
  }
  return settings;
}

absl::Duration World::ShortestTimeout() const {
  absl::Duration shortest = absl::InfiniteDuration();
  for (const auto& daemon : daemons_) shortest = std::min(shortest, daemon->settings().heartbeat_timeout);
  return shortest;
}

void World::Stall(absl::Duration time) {
  const absl::Duration timeout = daemons_.front()->settings().heartbeat_timeout;
  // A probe may wait for the sync that is under way, for that of a job, and for its own.
  const bool is_long = time > std::min(timeout * 2 / 3, absl::Seconds(10)) / 3;
  if (time > kQuick) {
    promises_.DiskIsSlow();
    slow_until_ = clock_.MonotonicNow() + time + kSlowFor;
  }
  ++stalls_;
  long_stalls_ += is_long ? 1 : 0;
  if (is_long && std::exchange(hangs_once_, false)) disk_->disk().faults.log_sync_takes = plan_.sync_takes;
  PassUntil(clock_.MonotonicNow() + time);
  long_stalls_ -= is_long ? 1 : 0;
  --stalls_;
}

Daemon* World::Observed() const {
  const auto up =
      std::find_if(daemons_.begin(), daemons_.end(), [](const auto& daemon) { return daemon->up(); });
  return up == daemons_.end() ? nullptr : up->get();
}

void World::Observe() {
  Daemon* const daemon = Observed();
  if (daemon == nullptr || daemon->died()) return;
  const ScanReads& reads = daemon->reads();
  ledger_.ReadEvents(reads, [&](const Event& event) {
    const Result<std::optional<WorkerView>> view = reads.Find(event.worker_id);
    const bool there = !event.worker_id.empty() && view.ok() && view->has_value();
    promises_.OnEvent(event, there ? &**view : nullptr, InForce(), fleet_->ImpairedUntil(event.worker_id));
  });
}

void World::Compare(std::uint64_t one_in) {
  Daemon* const daemon = Observed();
  if (daemon == nullptr || daemon->died()) return;
  const RegistryStatus status = daemon->registry().Status();
  CheckClockStands();
  if (status.job_failures != job_failures_) promises_.JobsMayFail();
  job_failures_ = status.job_failures;
  ledger_.Compare(daemon->reads(), one_in, ++checks_,
                  [&](const WorkerView& view) { promises_.OnWorker(view, InForce(), ShortestTimeout()); });
}

void World::StartDaemon(std::size_t number) {
  Daemon& daemon = *daemons_[number];
  if (daemon.up() || file_gone_) return;  // a new start would begin with the file that is there now
  const absl::Status started = daemon.Start();
  if (started.ok()) {
    ++lives_;
    ledger_.Restarted();
    Tell(absl::StrCat("daemon ", number, " starts"));
    return daemon.RunDue();  // it reads its clock
  }
  if (absl::IsDataLoss(started) || absl::IsInvalidArgument(started) || absl::IsInternal(started) ||
      absl::IsFailedPrecondition(started)) {
    return ledger_.Break(absl::StrCat("the daemon cannot start: ", started.ToString()));
  }
  accidents_.PostAt(clock_.MonotonicNow() + kStartAgain, [this, number] { StartDaemon(number); });
}

void World::Unregister(const std::string& id) {
  Daemon* const daemon = network_->Connect("", 0);
  if (daemon == nullptr) return;
  UnregisterWorkerCommand command;
  command.worker_id = id;
  command.actor = ledger_.BeginChange(id, "unregister");
  daemon->Send<WorkerView>(
      id, /*heartbeat=*/false,
      [command](WriteTx& tx, const Moment& at) { return UnregisterWorker(command, tx, at); },
      [this, actor = command.actor](const Answer<WorkerView>& answer) { ledger_.EndChange(actor, answer); });
}

void World::UpdateStatus(UpdateWorkerStatusCommand command) {
  Daemon* const daemon = network_->Connect("", 0);
  if (daemon == nullptr) return;
  command.actor = ledger_.BeginChange(command.worker_id, "set status");
  daemon->Send<WorkerView>(
      command.worker_id, /*heartbeat=*/false,
      [command](WriteTx& tx, const Moment& at) { return UpdateWorkerStatus(command, tx, at); },
      [this, actor = command.actor](const Answer<WorkerView>& answer) { ledger_.EndChange(actor, answer); });
}

void World::FileIsGone() {
  const absl::Duration now = clock_.MonotonicNow();
  ledger_.NothingIsDurableFrom(now + kNoticed);
  ++troubles_;  // and nobody repairs it
  file_gone_ = true;
  clients_.PostAt(now + absl::Minutes(2), [this] { ends_early_ = true; });
}

void World::Tell(std::string what) {
  story_.push_back(absl::StrCat(absl::FormatDuration(absl::Trunc(now(), absl::Milliseconds(1))), ": ", what));
}

void World::Settle() {
  Tell("everything is repaired");
  fleet_->Calm();
  const absl::Duration timeout = InForce().heartbeat_timeout;
  const absl::Duration end =
      now() + absl::Minutes(45) + 6 * timeout;  // the longest accident, and then a hold
  while (now() < end && ledger_.broken().empty()) {
    PassUntil(clock_.MonotonicNow() + kStep);
    Compare(/*one_in=*/0);
  }
  Compare(/*one_in=*/1);
  Daemon* const daemon = Observed();
  if (daemon == nullptr) return ledger_.Break("no daemon came back");
  CheckFile();
  for (const auto& [id, process] : fleet_->holders()) {
    const Ledger::Known* const known = ledger_.Find(id);
    const auto is = [known](WorkerStatus status) { return known != nullptr && known->status == status; };
    if (is(WorkerStatus::kFailed)) continue;
    if (process->alive() && !is(WorkerStatus::kActive)) {
      ledger_.Break(absl::StrCat(id, " is alive and well, and not Active"));
    }
    if (!process->alive() && is(WorkerStatus::kActive)) {
      ledger_.Break(absl::StrCat(id, " is dead, and still Active"));
    }
  }
}

void World::CheckFile() {
  if (disk_ == nullptr) return;
  daemons_.front()->MaintainStore();
  const std::optional<std::int64_t> unfolded =
      disk_->Ask("SELECT count(*) FROM journal WHERE length(beats) > 0");
  const std::optional<std::int64_t> events = disk_->Ask("SELECT count(*) FROM events");
  if (!unfolded || !events) return ledger_.Break("the file cannot be read");
  // The newest row of the journal stays, for the clock.
  if (*unfolded > 1) ledger_.Break(absl::StrCat(*unfolded, " rows of the journal cannot be folded"));
  if (*events != std::min(ledger_.events(), plan_.max_events)) {
    ledger_.Break(absl::StrCat("the file has ", *events, " events, and should have ",
                               std::min(ledger_.events(), plan_.max_events)));
  }
}

}  // namespace muster::sim

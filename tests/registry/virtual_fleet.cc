#include "tests/registry/virtual_fleet.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <variant>

#include "absl/strings/str_cat.h"
#include "muster/queries.h"

namespace muster {
namespace {

constexpr int kRegions = 4;
constexpr std::size_t kRemembered = 8;
// The clock is read once a second, and a job's timer may fire a second late.
constexpr absl::Duration kSlack = absl::Seconds(3);

std::string RegionOf(std::uint64_t number) {
  return absl::StrCat("region-", number % kRegions);
}

}  // namespace

VirtualFleet::VirtualFleet(std::uint64_t seed, int workers) : random_(seed) {
  daemon_.emplace(disk_, clock_, settings_);
  for (int i = 0; i < workers; ++i) Enroll(absl::StrCat("w", enrolled_++));
  Pass(absl::Minutes(2));
}

void VirtualFleet::Step() {
  if (Random(2) == 0) Accident();
  Pass(absl::Seconds(1) + RandomUpTo(absl::Seconds(9)));
  Check();
}

void VirtualFleet::Settle() {
  Remember("settles");
  cut_off_until_.clear();
  disk_.away = false;
  if (!daemon_) daemon_.emplace(disk_, clock_, settings_);
  for (int i = 0; i < 60; ++i) {
    Pass(absl::Seconds(10));
    Check();
  }
  for (const auto& [id, member] : members_) {
    const std::optional<WorkerStatus> status = daemon_->StatusOf(id);
    const bool never_heard = status == WorkerStatus::kPending && member.heard.empty();
    if (member.alive && status != WorkerStatus::kActive) Break(absl::StrCat(id, " is alive and not Active"));
    if (!member.alive && status != WorkerStatus::kOffline && !never_heard) {
      Break(absl::StrCat(id, " is dead and not Offline"));
    }
  }
}

void VirtualFleet::Accident() {
  switch (Random(12)) {
    case 0:
    case 1: {
      const std::string id = RandomMember();
      members_[id].alive = false;
      members_[id].unreachable_until = absl::InfiniteDuration();
      return Remember(absl::StrCat(id, " dies"));
    }
    case 2:
    case 3: {
      const std::string id = RandomMember();
      Member& member = members_[id];
      if (member.alive) return;
      member.alive = true;
      member.unreachable_until = clock_.MonotonicNow();
      ScheduleBeat(id, RandomUpTo(absl::Seconds(5)));
      return Remember(absl::StrCat(id, " comes back"));
    }
    case 4: {
      const std::string region = RegionOf(Random(kRegions));
      const absl::Duration span = absl::Minutes(1) + RandomSpan();
      const absl::Duration until = clock_.MonotonicNow() + span;
      cut_off_until_[region] = until;
      for (auto& [id, member] : members_) {
        if (member.region == region) member.unreachable_until = std::max(member.unreachable_until, until);
      }
      return Remember(absl::StrCat(region, " is cut off for ", absl::FormatDuration(span)));
    }
    case 5:
    case 6: {
      const absl::Duration away = RandomSpan();
      Remember(absl::StrCat("the daemon is killed, and away for ", absl::FormatDuration(away)));
      daemon_.reset();
      Pass(away);
      daemon_.emplace(disk_, clock_, settings_);
      return;
    }
    case 7: {
      const absl::Duration span = RandomSpan();
      Remember(absl::StrCat("the daemon is stopped for ", absl::FormatDuration(span)));
      return daemon_->Freeze(span);  // and then does what is overdue before it hears any worker
    }
    case 8: {
      const absl::Duration step = (RandomUpTo(absl::Hours(2 * 365 * 24)) - absl::Hours(365 * 24));
      Remember(absl::StrCat("the wall clock is set by ", absl::FormatDuration(step)));
      return clock_.StepWall(step);
    }
    case 9: {
      const absl::Duration span = RandomSpan();
      Remember(absl::StrCat("the store is away for ", absl::FormatDuration(span)));
      disk_.away = true;
      store_back_at_ = clock_.MonotonicNow() + span;
      return;
    }
    case 10: {
      const std::string id = absl::StrCat("w", enrolled_++);
      Remember(absl::StrCat(id, " registers"));
      return Enroll(id);
    }
    case 11: {
      disk_.fail_commits = 1;
      return Remember("a commit fails");
    }
  }
}

void VirtualFleet::Enroll(const std::string& id) {
  Member member;
  member.region = RegionOf(Random(kRegions));
  member.interval =
      absl::Seconds(10) + RandomUpTo(absl::Seconds(30));   // up to the longest that is ever advised
  if (!daemon_->Register(id, member.region).ok()) return;  // the store is away
  members_.emplace(id, member);
  ScheduleBeat(id, RandomUpTo(member.interval));
}

void VirtualFleet::ScheduleBeat(const std::string& id, absl::Duration in) {
  beats_.emplace(clock_.MonotonicNow() + in, id);
}

void VirtualFleet::Beat(const std::string& id) {
  Member& member = members_[id];
  if (!member.alive) return;
  const auto cut_off = cut_off_until_.find(member.region);
  const bool reaches =
      daemon_ && (cut_off == cut_off_until_.end() || cut_off->second <= clock_.MonotonicNow());
  if (reaches) {
    std::optional<ListeningTime> heard;
    const Result<HeartbeatReceipt> receipt =
        daemon_->Run<HeartbeatReceipt>([&](WriteTx& tx, const Moment& now) {
          heard = now.listening;
          HeartbeatCommand command;
          command.worker_id = id;
          return RecordHeartbeat(command, settings_.heartbeat_timeout, tx, now);
        });
    if (receipt.ok()) {
      member.heard.push_back({*heard, clock_.MonotonicNow()});
      if (member.heard.size() > kRemembered) member.heard.erase(member.heard.begin());
      member.pause = absl::ZeroDuration();
      return ScheduleBeat(id, member.interval);
    }
    if (!std::holds_alternative<StoreUnavailable>(receipt.error())) Break(absl::StrCat(id, " is refused"));
  }
  member.pause = std::clamp(member.pause * 1.6, absl::Seconds(1), absl::Seconds(20));
  ScheduleBeat(id, member.pause);
}

void VirtualFleet::Pass(absl::Duration time) {
  const absl::Duration end = clock_.MonotonicNow() + time;
  for (;;) {
    if (disk_.away && clock_.MonotonicNow() >= store_back_at_) disk_.away = false;
    if (daemon_) daemon_->executor().RunUntilIdle();
    while (!beats_.empty() && beats_.begin()->first <= clock_.MonotonicNow()) {
      const std::string id = beats_.begin()->second;
      beats_.erase(beats_.begin());
      Beat(id);
    }
    const absl::Duration now = clock_.MonotonicNow();
    if (now >= end) return;
    absl::Duration next = end;
    if (!beats_.empty()) next = std::min(next, beats_.begin()->first);
    if (daemon_) next = std::min(next, daemon_->executor().NextDeadline().value_or(end));
    if (next > now) clock_.Advance(next - now);
  }
}

void VirtualFleet::Check() {
  const RegistryStatus status = daemon_->registry().Status();
  const ListeningTime now = status.clock;
  if (status.job_failures > job_failures_) jobs_failed_at_.push_back(now);
  job_failures_ = status.job_failures;
  if (now < last_clock_ - absl::Seconds(6)) Break("a restart lost more than was not stored");
  last_clock_ = now;
  if (disk_.violations > 0) Break("the rules of the store port were broken");
  const ScanReads& reads = disk_.store->Reader();
  const Result<std::vector<RegionHold>> holds = reads.Holds();
  for (const RegionHold& hold : *holds) {
    if (!held_at_.contains(hold.region) || now - held_at_[hold.region] > settings_.heartbeat_timeout)
      ++holds_;
    held_at_[hold.region] = now;
    if (hold.until > now + settings_.heartbeat_timeout)
      Break(absl::StrCat(hold.region, " is held for too long"));
  }
  const Result<WorkerPage> page = ListWorkers(reads, WorkerFilter(), PageRequest{kMaxPageSize, ""});
  if (page->workers.size() != members_.size()) Break("somebody is lost, or a stranger is on the roll");
  for (const WorkerView& view : page->workers) CheckMember(view.worker->id, view, now);
}

void VirtualFleet::CheckMember(const std::string& id, const WorkerView& view, ListeningTime now) {
  if (!members_.contains(id)) return Break(absl::StrCat(id, " is a stranger"));
  Member& member = members_[id];
  const absl::Duration timeout = settings_.heartbeat_timeout;
  const ListeningTime last = member.heard.empty() ? ListeningTime() : member.heard.back().listening;

  if (view.worker->status == WorkerStatus::kOffline && view.worker->called_offline_at &&
      view.worker->called_offline_at != member.called_offline_at) {
    member.called_offline_at = view.worker->called_offline_at;
    ++called_offline_;
    for (const Heard& heard : member.heard) {
      if (heard.listening >= *member.called_offline_at) continue;
      const absl::Duration silent = *member.called_offline_at - heard.listening;
      if (silent < timeout) {
        Break(absl::StrCat(id, " was heard, and called Offline ", absl::FormatDuration(silent), " later"));
      }
      if (heard.monotonic > member.unreachable_until) {
        Break(absl::StrCat(id, " was called Offline, and there was nothing to keep it from being heard"));
      }
    }
  }
  if (view.worker->status == WorkerStatus::kActive && !member.heard.empty()) {
    // A hold lasts a timeout, and its end is seen by the next sweep.
    const auto held = held_at_.find(member.region);
    const bool was_held = held != held_at_.end() && held->second >= last + timeout;
    const absl::Duration hold = was_held ? timeout + settings_.stale_interval : absl::ZeroDuration();
    // A run that fails because the store is away is repeated at the next interval.
    const auto failed = std::count_if(jobs_failed_at_.begin(), jobs_failed_at_.end(),
                                      [&](ListeningTime at) { return at >= last + timeout - kSlack; });
    const absl::Duration promised = timeout + settings_.stale_interval * (1 + failed) + hold + kSlack;
    if (now - last > promised) {
      Break(absl::StrCat(id, " is silent for ", absl::FormatDuration(now - last),
                         " and still Active; promised: ", absl::FormatDuration(promised)));
    }
  }
  if (view.pulse.total < static_cast<std::int64_t>(std::min(member.heard.size(), kRemembered))) {
    Break(absl::StrCat("heartbeats of ", id, " are lost"));
  }
  if (!member.heard.empty() && view.pulse.heard_at != last) {
    Break(absl::StrCat("the last heartbeat of ", id, " is not the one that was answered"));
  }
}

absl::Duration VirtualFleet::RandomSpan() {
  // 1 s to an hour, evenly on the logarithm.
  return absl::Seconds(std::pow(3600.0, static_cast<double>(Random(10'000)) / 10'000));
}

std::string VirtualFleet::RandomMember() {
  return std::next(members_.begin(), static_cast<std::ptrdiff_t>(Random(members_.size())))->first;
}

void VirtualFleet::Break(const std::string& what) {
  if (broken_.empty()) broken_ = absl::StrCat(what, " (", absl::FormatDuration(clock_.MonotonicNow()), ")");
}

void VirtualFleet::Remember(std::string what) {
  history_.push_back(absl::StrCat(
      absl::FormatDuration(absl::Trunc(clock_.MonotonicNow(), absl::Milliseconds(1))), ": ", what));
}

}  // namespace muster

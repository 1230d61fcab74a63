#include "domain/probed_clock.h"

#include <algorithm>
#include <utility>

#include "domain/text.h"
#include "muster/check.h"

namespace muster {
namespace {

constexpr absl::Duration kLongestAnswer = absl::Seconds(10);

}  // namespace

absl::Duration ProbedClock::TickLength(const Settings& settings) {
  return std::min(absl::Seconds(1), settings.heartbeat_timeout / 20);
}

absl::Duration ProbedClock::ProbeLimit(const Settings& settings) {
  return std::min(kLongestAnswer, settings.heartbeat_timeout * 2 / 3);
}

void ProbedClock::Start(absl::Duration monotonic, std::string boot_id, const std::optional<ProvenState>& last,
                        std::vector<std::string> sockets, const Settings& settings, std::string because) {
  MUSTER_CHECK(sockets_.empty() && !sockets.empty(), "a clock is started once, with a socket to probe");
  Configure(settings);
  boot_id_ = std::move(boot_id);
  read_at_ = started_at_ = monotonic;
  tick_due_ = tick_;
  for (std::string& name : sockets) {
    sockets_.emplace_back().name = std::move(name);
    sockets_.back().idle_since = monotonic;
  }
  const absl::Duration cap = LongestReconnectAllowance(timeout_);
  first_ = !last;
  because_ = first_ ? "the daemon is starting" : std::move(because);
  if (first_) {
    allowance_ = AllowanceCredit(cap, absl::ZeroDuration(), cap);
    proven_boot_ = boot_id_;
    proven_to_.at = monotonic;
    return;
  }
  allowance_ = AllowanceCredit(last->credit, last->allowance_left, cap);
  running_ = proven_ = last->proven - ListeningTime();
  proven_to_.at = monotonic;
  if (last->boot_id == boot_id_ && last->proven_at <= monotonic) {
    proven_boot_ = boot_id_;
    proven_to_.at = last->proven_at;
  }
}

void ProbedClock::Configure(const Settings& settings) {
  timeout_ = settings.heartbeat_timeout;
  tick_ = TickLength(settings);
  tick_due_ = std::max(tick_due_, tick_);  // the thread may still be waiting for a longer one
  limit_ = ProbeLimit(settings);
  allowance_.SetCap(LongestReconnectAllowance(timeout_));
}

void ProbedClock::Tick(absl::Duration monotonic) {
  if (stopped_) return;
  Read(monotonic);
}

void ProbedClock::ProbeSent(std::size_t socket, absl::Duration monotonic) {
  if (stopped_) return;
  Read(monotonic);
  // Whether the store is back is for a commit to say; what was sent before that proves nothing.
  if (!store_away_) sockets_[socket].under_way = Probe{{read_at_, ticked_}, read_at_ + limit_};
}

void ProbedClock::ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration monotonic) {
  if (stopped_) return;
  Read(monotonic);
  Socket& answered = sockets_[socket];
  if (!answered.under_way || answered.under_way->sent.at != sent) return;
  answered.proven_to = answered.under_way->sent;
  if (!answered.hears_since) answered.hears_since = answered.proven_to;
  answered.under_way.reset();
  answered.why_deaf.clear();
  answered.idle_since = read_at_;
  Advance();
}

void ProbedClock::ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why,
                              absl::Duration monotonic) {
  if (stopped_) return;
  Read(monotonic);
  Socket& failed = sockets_[socket];
  if (!failed.under_way || failed.under_way->sent.at != sent) return;
  Deafen(failed, std::string(why), read_at_);
}

void ProbedClock::CommitFailed(absl::Duration monotonic) {
  if (stopped_ || store_away_) return;
  store_away_ = true;
  DeafenAll(monotonic);
  GoBlind(BlindCause::kStoreAway, "the store was not available");
}

void ProbedClock::Allow(std::string because) {
  allowance_.Begin(ReconnectAllowance(absl::ZeroDuration(), timeout_));
  because_ = std::move(because);
}

// Rules 2 and 3, as far as they follow from the time alone.
void ProbedClock::Read(absl::Duration monotonic) {
  const absl::Duration passed = std::max(monotonic - read_at_, absl::ZeroDuration());
  read_at_ += passed;
  if (passed > kTicksToAGap * tick_due_) {
    DeafenAll(read_at_);
    GoBlind(BlindCause::kStopped, Concat({"the daemon was stopped or stuck for ", RoundedUp(passed)}));
  } else {
    ticked_ += std::min(passed, kMaxTicksCounted * tick_due_);
  }
  for (Socket& socket : sockets_) {
    if (socket.under_way && read_at_ > socket.under_way->due) {
      const absl::Duration waited = socket.under_way->due - socket.under_way->sent.at;
      Deafen(socket, Concat({"no answer within ", RoundedUp(waited)}), read_at_);
    } else if (socket.hears_since && !socket.under_way &&
               read_at_ - socket.idle_since > kTicksToAGap * tick_due_) {
      Deafen(socket, "no probe is sent", read_at_);
    }
  }
  tick_due_ = tick_;
}

void ProbedClock::Deafen(Socket& socket, std::string why, absl::Duration monotonic) {
  socket.hears_since.reset();
  socket.under_way.reset();
  socket.idle_since = monotonic;
  socket.why_deaf = std::move(why);
  GoBlind(BlindCause::kDeaf, Concat({"the daemon could not hear itself on ", socket.name}));
}

void ProbedClock::DeafenAll(absl::Duration monotonic) {
  for (Socket& socket : sockets_) {
    socket.hears_since.reset();
    socket.under_way.reset();
    socket.idle_since = monotonic;
    socket.why_deaf.clear();
  }
}

void ProbedClock::GoBlind(BlindCause cause, std::string because) {
  if (blind_) return;  // the first cause is the one to tell
  blind_ = true;
  ++blind_times_;
  cause_ = cause;
  because_ = std::move(because);
}

// Rules 2 and 4: the sockets have heard together from the latest of their first good probes to the earliest
// of their last ones.
void ProbedClock::Advance() {
  Mark from = {-absl::InfiniteDuration(), absl::ZeroDuration()};
  Mark to = {absl::InfiniteDuration(), absl::ZeroDuration()};
  for (const Socket& socket : sockets_) {
    if (!socket.hears_since) return;
    if (socket.hears_since->at > from.at) from = *socket.hears_since;
    if (socket.proven_to.at < to.at) to = socket.proven_to;
  }
  if (to.at < from.at) return;
  if (blind_) {
    const bool known = !proven_boot_.empty() && proven_boot_ == boot_id_;
    const absl::Duration blind = known ? from.at - proven_to_.at : absl::InfiniteDuration();
    blind_for_[static_cast<std::size_t>(cause_)] += BlindSoFar(from.at);
    if (!first_) allowance_.Begin(ReconnectAllowance(blind, timeout_));
    blind_ = first_ = false;
    proven_boot_ = boot_id_;
    proven_to_ = from;
  }
  Count(to.ticked - proven_to_.ticked);
  proven_to_ = to;
}

void ProbedClock::Count(absl::Duration heard) {
  const absl::Duration counted = heard - allowance_.Pay(heard);
  proven_ += counted;
  running_ = std::max(running_, proven_);
  allowance_.Earn(counted);
}

// How much of the time up to `monotonic` may still come to be counted.
absl::Duration ProbedClock::Unproven(absl::Duration monotonic) const {
  const absl::Duration ticked =
      ticked_ + std::clamp(monotonic - read_at_, absl::ZeroDuration(), kMaxTicksCounted * tick_due_);
  absl::Duration since = proven_to_.ticked;
  if (blind_) {
    since = absl::ZeroDuration();
    for (const Socket& socket : sockets_) {
      since = std::max(since, socket.hears_since ? socket.hears_since->ticked
                              : socket.under_way ? socket.under_way->sent.ticked
                                                 : ticked);
    }
  }
  return ticked - since;
}

ListeningTime ProbedClock::proven() const {
  return ListeningTime() + proven_;
}

ListeningTime ProbedClock::Running(absl::Duration monotonic) {
  // The allowance of a blind time that may end with the probes under way is not known yet. So the stamp may
  // be later than it would have to be, never earlier.
  if (!stopped_) running_ = std::max(running_, proven_ + Unproven(monotonic) - allowance_.left());
  return ListeningTime() + absl::Ceil(running_, absl::Microseconds(1));
}

ProvenState ProbedClock::stored_state() const {
  return {proven(), allowance_.credit(), allowance_.left(), proven_boot_, proven_to_.at};
}

absl::Duration ProbedClock::BlindSoFar(absl::Duration until) const {
  return std::max(until - std::max(proven_to_.at, started_at_), absl::ZeroDuration());
}

BlindTimes ProbedClock::BlindFor(absl::Duration monotonic) const {
  BlindTimes times = blind_for_;
  if (blind_) times[static_cast<std::size_t>(cause_)] += BlindSoFar(monotonic);
  return times;
}

std::string ProbedClock::DeafBecause(absl::Duration monotonic) const {
  if (sockets_.empty()) return "the daemon is starting";
  if (stopped_) return "the daemon is stopping";
  if (store_away_) return "the store is not available; until it is";
  if (const absl::Duration gap = monotonic - read_at_; gap > kTicksToAGap * tick_due_) {
    return Concat({"the thread that probes the daemon has been stuck for ", RoundedUp(gap)});
  }
  if (!blind_) return "";
  for (const Socket& socket : sockets_) {
    if (socket.why_deaf.empty()) continue;
    return Concat(
        {"the daemon cannot hear itself on ", socket.name, " (", socket.why_deaf, "); until it can"});
  }
  return Concat({because_, "; until it has heard itself"});
}

std::string ProbedClock::NotListeningBecause(absl::Duration monotonic) const {
  if (std::string deaf = DeafBecause(monotonic); !deaf.empty()) return deaf;
  const absl::Duration left = allowance_.left() - Unproven(monotonic);
  if (left <= absl::ZeroDuration()) return "";
  return Concat({because_, "; workers have ", RoundedUp(left), " more to find their way back"});
}

}  // namespace muster

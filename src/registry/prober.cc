#include "registry/prober.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/probed_clock.h"
#include "muster/check.h"
#include "registry/listening.h"
#include "runtime/log.h"

namespace muster {
namespace {

// How often a probe opens a fresh connection: every 5 ticks, or T/12 where that is longer.
absl::Duration FreshEvery(const Settings& settings) {
  return std::max(5 * ProbedClock::TickLength(settings), settings.heartbeat_timeout / 12);
}

}  // namespace

Prober::Prober(Registry& registry, const Clock& clock, std::vector<std::unique_ptr<ProbeTarget>> targets)
    : registry_(registry), clock_(clock) {
  MUSTER_CHECK(!targets.empty(), "there is a socket to probe");
  for (std::unique_ptr<ProbeTarget>& target : targets) sockets_.emplace_back().target = std::move(target);
}

std::vector<std::string> Prober::SocketNames() const {
  std::vector<std::string> names;
  names.reserve(sockets_.size());
  for (const Socket& socket : sockets_) names.push_back(socket.target->name());
  return names;
}

absl::Duration Prober::Tick() {
  const absl::Duration now = clock_.MonotonicNow();
  const Settings settings = *registry_.settings();
  registry_.listening().Tick(now);
  // Not at the first tick: a new roll listens as soon as its first probe is answered.
  if (std::exchange(ticked_, true)) SayWhetherListening(now);
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    GiveUpIfLate(i, now);
    if (!sockets_[i].sent) Send(i, now, settings);
  }
  return now + ProbedClock::TickLength(settings);
}

void Prober::SayWhetherListening(absl::Duration now) {
  const std::string because = registry_.listening().NotListeningBecause(now);
  if (because.empty() == said_listening_) return;
  said_listening_ = because.empty();
  if (said_listening_) {
    Log(LogLevel::kInfo, "listening: silence counts again");
  } else {
    Log(LogLevel::kWarning, "not listening: nobody's silence counts", {{"because", because}});
  }
}

void Prober::GiveUpIfLate(std::size_t index, absl::Duration now) {
  Socket& socket = sockets_[index];
  if (!socket.sent || now <= socket.due) return;
  const absl::Duration sent = *std::exchange(socket.sent, std::nullopt);
  socket.target->GiveUp();
  registry_.listening().ProbeFailed(
      index, sent, absl::StrCat("no answer within ", absl::FormatDuration(socket.due - sent)), now);
}

void Prober::Send(std::size_t index, absl::Duration now, const Settings& settings) {
  Socket& socket = sockets_[index];
  const bool fresh = now - socket.fresh_at >= FreshEvery(settings);
  if (fresh) socket.fresh_at = now;
  socket.sent = now;
  socket.due = now + ProbedClock::ProbeLimit(settings);
  socket.token = registry_.NewInstanceId();
  registry_.listening().ProbeSent(index, now);
  socket.target->Send(
      registry_.probe_id(), socket.token, fresh,
      [this, index](std::optional<std::string> failure) { Answered(index, std::move(failure)); });
}

void Prober::Answered(std::size_t index, std::optional<std::string> failure) {
  Socket& socket = sockets_[index];
  MUSTER_CHECK(socket.sent.has_value(), "an answer is that of the probe that is under way");
  const absl::Duration sent = *std::exchange(socket.sent, std::nullopt);
  const absl::Duration now = clock_.MonotonicNow();
  const bool ours = registry_.TakeProbe(socket.token);
  if (!failure && !ours) failure = "another process answered";
  if (failure) return registry_.listening().ProbeFailed(index, sent, *failure, now);
  registry_.listening().ProbeAnswered(index, sent, now);
}

}  // namespace muster

#include "registry/listening.h"

#include <algorithm>
#include <utility>

#include "runtime/health_metrics.h"

namespace muster {
namespace {

constexpr int kMaxTicksForward = 2;

}  // namespace

void Listening::Start(absl::Duration now, std::string boot_id, const std::optional<ProvenState>& last,
                      std::vector<std::string> sockets, const Settings& settings, bool leads) {
  const MutexLock lock(mu_);
  leads_ = leads;
  boot_id_ = std::move(boot_id);
  sockets_ = std::move(sockets);
  tick_ = ProbedClock::TickLength(settings);
  own_.Start(now, boot_id_, last, sockets_, settings);
}

void Listening::Configure(const Settings& settings) {
  const MutexLock lock(mu_);
  tick_ = ProbedClock::TickLength(settings);
  own_.Configure(settings);
}

void Listening::Tick(absl::Duration now) {
  const MutexLock lock(mu_);
  own_.Tick(now);
  const BlindTimes blind = own_.BlindFor(now);
  for (const BlindCause cause : kAllBlindCauses) {
    const auto index = static_cast<std::size_t>(cause);
    blind_time.AddTime(std::max(blind[index] - published_[index], absl::ZeroDuration()), cause);
  }
  published_ = blind;
}

void Listening::ProbeSent(std::size_t socket, absl::Duration now) {
  const MutexLock lock(mu_);
  own_.ProbeSent(socket, now);
}

void Listening::ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration now) {
  const MutexLock lock(mu_);
  ++probes_.answered;
  probes_.last_latency = now - sent;
  probes_.worst_latency = std::max(probes_.worst_latency, probes_.last_latency);
  probe_latency_last.SetTime(probes_.last_latency);
  probe_latency_worst.RaiseTime(probes_.worst_latency);
  own_.ProbeAnswered(socket, sent, now);
}

void Listening::ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why,
                            absl::Duration now) {
  const MutexLock lock(mu_);
  ++probes_.failed;
  own_.ProbeFailed(socket, sent, why, now);
}

void Listening::CommitFailed(absl::Duration now) {
  const MutexLock lock(mu_);
  own_.CommitFailed(now);
}

void Listening::CommitWorked() {
  const MutexLock lock(mu_);
  own_.CommitWorked();
}

void Listening::Stop() {
  const MutexLock lock(mu_);
  own_.Stop();
}

void Listening::Lead(absl::Duration now, std::optional<ProvenState> last, const Settings& settings) {
  const MutexLock lock(mu_);
  if (leads_) return;
  leads_ = true;
  if (!last && heard_once_) last = heard_.state;
  if (!last) return;  // a roll that was never written
  if (heard_once_) {
    last->boot_id = boot_id_;
    last->proven_at = advanced_at_;
  }
  own_ = ProbedClock();
  own_.Start(now, boot_id_, last, sockets_, settings,
             heard_once_ ? "another daemon had led before" : "the daemon was started again");
}

void Listening::Follow(absl::Duration now, const ListeningReport& heard, const Settings& settings) {
  const MutexLock lock(mu_);
  if (!heard_once_ || leads_ || heard.state.proven > heard_.state.proven ||
      heard.state.allowance_left != heard_.state.allowance_left) {
    advanced_at_ = now;
  }
  leads_ = false;
  heard_once_ = true;
  tick_ = ProbedClock::TickLength(settings);
  heard_ = heard;
  heard_at_ = now;
}

void Listening::DaemonLost() {
  const MutexLock lock(mu_);
  if (leads_) own_.Allow("a daemon was lost");
}

ListeningReport Listening::Report(absl::Duration now) {
  const MutexLock lock(mu_);
  if (!leads_) return heard_;
  ListeningReport report{own_.stored_state(), own_.Running(now), false, own_.NotListeningBecause(now)};
  report.advancing = report.because.empty();
  return report;
}

absl::Duration Listening::Forward(absl::Duration now) const {
  return std::clamp(now - heard_at_, absl::ZeroDuration(), kMaxTicksForward * tick_);
}

ListeningTime Listening::Running(absl::Duration now) {
  const MutexLock lock(mu_);
  running_ = std::max(running_, leads_ ? own_.Running(now) : heard_.running + Forward(now));
  return running_;
}

ListeningTime Listening::ProvenNow(absl::Duration now) const {
  if (leads_) return own_.proven();
  return heard_.advancing ? heard_.state.proven + Forward(now) : heard_.state.proven;
}

ListeningTime Listening::Proven(absl::Duration now) const {
  const MutexLock lock(mu_);
  return ProvenNow(now);
}

ProvenState Listening::StoredState() const {
  const MutexLock lock(mu_);
  return leads_ ? own_.stored_state() : heard_.state;
}

bool Listening::store_away() const {
  const MutexLock lock(mu_);
  return own_.store_away();
}

std::string Listening::WhyNot(absl::Duration now) const {
  if (leads_) return own_.NotListeningBecause(now);
  if (own_.store_away()) return "the store is not available; until it is";
  return heard_once_ ? heard_.because : "the daemon is starting";
}

std::string Listening::NotListeningBecause(absl::Duration now) const {
  const MutexLock lock(mu_);
  return WhyNot(now);
}

Listening::Status Listening::Now(absl::Duration now) const {
  const MutexLock lock(mu_);
  Status status;
  status.leads = leads_;
  status.proven = ProvenNow(now);
  status.not_listening_because = WhyNot(now);
  status.deaf_because = own_.DeafBecause(now);
  status.store_away = own_.store_away();
  status.blind = own_.BlindFor(now);
  status.blind_times = own_.blind_times();
  status.probes = probes_;
  return status;
}

}  // namespace muster

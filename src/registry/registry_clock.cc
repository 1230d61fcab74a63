#include "registry/registry_clock.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr int kMaxTicksForward = 2;

}  // namespace

void RegistryClock::Lead(absl::Duration monotonic, const std::optional<ListeningState>& last,
                         const Settings& settings, std::string because) {
  leads_ = true;
  tick_ = ListeningClock::Tick(settings);
  own_ = ListeningClock();
  own_.Start(monotonic, last, settings, std::move(because));
}

void RegistryClock::Follow(absl::Duration monotonic, const ListeningReport& heard, const Settings& settings) {
  leads_ = false;
  heard_once_ = true;
  tick_ = ListeningClock::Tick(settings);
  heard_ = heard;
  heard_at_ = monotonic;
}

void RegistryClock::Configure(const Settings& settings) {
  tick_ = ListeningClock::Tick(settings);
  own_.Configure(settings);
}

void RegistryClock::Observe(absl::Duration monotonic) {
  observed_ = std::max(observed_, monotonic);
  if (leads_) own_.Observe(monotonic);
}

void RegistryClock::StoreFailed() {
  store_away_ = true;
  if (leads_) own_.StoreFailed();
}

void RegistryClock::StoreWorks() {
  store_away_ = false;
  if (leads_) own_.StoreWorks();
}

void RegistryClock::DaemonLost() {
  if (leads_) own_.Allow("a daemon was lost");
}

void RegistryClock::Nudge() {
  if (leads_) own_.Nudge();
}

ListeningTime RegistryClock::now() const {
  if (leads_) return own_.now();
  if (!heard_.advancing) return heard_.state.now;
  const absl::Duration passed = std::max(observed_ - heard_at_, absl::ZeroDuration());
  return heard_.state.now + std::min(passed, kMaxTicksForward * tick_);
}

ListeningReport RegistryClock::report() const {
  if (!leads_) return heard_;
  ListeningReport report{own_.state(), false, own_.NotListeningBecause(observed_)};
  report.advancing = report.because.empty();
  return report;
}

std::string RegistryClock::NotListeningBecause(absl::Duration monotonic) const {
  if (leads_) return own_.NotListeningBecause(monotonic);
  if (store_away_) return "the store is not available; until it is";
  if (!heard_once_) return "the daemon is starting";
  return heard_.because;
}

}  // namespace muster

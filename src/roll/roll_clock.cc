#include "roll/roll_clock.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr int kMostTicksForward = 2;

}  // namespace

void RollClock::Lead(absl::Duration monotonic, const std::optional<ListeningState>& last,
                     const Settings& settings, std::string because) {
  leads_ = true;
  tick_ = ListeningClock::Tick(settings);
  own_ = ListeningClock();
  own_.Start(monotonic, last, settings, std::move(because));
}

void RollClock::Follow(absl::Duration monotonic, const ListeningReport& heard, const Settings& settings) {
  leads_ = false;
  heard_once_ = true;
  tick_ = ListeningClock::Tick(settings);
  heard_ = heard;
  heard_at_ = monotonic;
}

void RollClock::Configure(const Settings& settings) {
  tick_ = ListeningClock::Tick(settings);
  own_.Configure(settings);
}

void RollClock::Observe(absl::Duration monotonic) {
  observed_ = std::max(observed_, monotonic);
  if (leads_) own_.Observe(monotonic);
}

void RollClock::StoreFailed() {
  store_away_ = true;
  if (leads_) own_.StoreFailed();
}

void RollClock::StoreWorks() {
  store_away_ = false;
  if (leads_) own_.StoreWorks();
}

void RollClock::DaemonLost() {
  if (leads_) own_.Allow("a daemon was lost");
}

void RollClock::Nudge() {
  if (leads_) own_.Nudge();
}

ListeningTime RollClock::now() const {
  if (leads_) return own_.now();
  if (!heard_.advancing) return heard_.state.now;
  const absl::Duration passed = std::max(observed_ - heard_at_, absl::ZeroDuration());
  return heard_.state.now + std::min(passed, kMostTicksForward * tick_);
}

ListeningReport RollClock::report() const {
  if (!leads_) return heard_;
  ListeningReport report{own_.state(), false, own_.NotListeningBecause(observed_)};
  report.advancing = report.because.empty();
  return report;
}

std::string RollClock::NotListeningBecause(absl::Duration monotonic) const {
  if (leads_) return own_.NotListeningBecause(monotonic);
  if (store_away_) return "the store is not available; until it is";
  if (!heard_once_) return "the daemon is starting";
  return heard_.because;
}

}  // namespace muster

#include "registry/listening_clock.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr int kMaxTicksCounted = 2;
constexpr int kTicksToAGap = 4;
constexpr int kEarnedOneIn = 3;

std::string Rounded(absl::Duration duration) {
  return absl::FormatDuration(duration < absl::Seconds(10) ? absl::Ceil(duration, absl::Milliseconds(100))
                                                           : absl::Ceil(duration, absl::Seconds(1)));
}

}  // namespace

absl::Duration ListeningClock::Tick(const Settings& settings) {
  return std::min(absl::Seconds(1), settings.heartbeat_timeout / 20);
}

void ListeningClock::Start(absl::Duration monotonic, const std::optional<ListeningState>& last,
                           const Settings& settings, std::string because) {
  credit_ = last ? last->allowance_credit : settings.ReconnectAllowance();
  Configure(settings);
  started_ = true;
  observed_ = monotonic;
  if (!last) return;
  now_ = last->now;
  BeginAllowance(std::move(because));
}

void ListeningClock::Configure(const Settings& settings) {
  tick_ = Tick(settings);
  allowance_ = settings.ReconnectAllowance();
  credit_ = std::clamp(credit_, absl::ZeroDuration(), allowance_);
  allowed_ = std::min(allowed_, credit_);
}

void ListeningClock::Observe(absl::Duration monotonic) {
  const absl::Duration passed = std::max(monotonic - observed_, absl::ZeroDuration());
  observed_ = std::max(observed_, monotonic);
  if (passed > kTicksToAGap * tick_) {
    // While the store is away no worker is heard anyway. The allowance of that outage comes afterwards.
    if (!store_away_) BeginAllowance(absl::StrCat("the daemon was stopped or stuck for ", Rounded(passed)));
    return;
  }
  if (store_away_) return;
  absl::Duration heard = std::min(passed, kMaxTicksCounted * tick_);
  const absl::Duration paid = std::min(heard, allowed_);
  allowed_ -= paid;
  credit_ -= paid;
  heard -= paid;
  now_ = now_ + heard;
  credit_ = std::min(credit_ + heard / kEarnedOneIn, allowance_);
}

void ListeningClock::StoreFailed() {
  store_away_ = true;
}

void ListeningClock::StoreWorks() {
  if (!store_away_) return;
  store_away_ = false;
  BeginAllowance("the store was not available");
}

std::string ListeningClock::NotListeningBecause(absl::Duration monotonic) const {
  if (!started_) return "the daemon is starting";
  if (store_away_) return "the store is not available; until it is";
  if (const absl::Duration gap = monotonic - observed_; gap > kTicksToAGap * tick_) {
    return absl::StrCat("the writer has been stuck for ", Rounded(gap));
  }
  if (allowed_ > absl::ZeroDuration()) {
    return absl::StrCat(because_, "; workers have ", Rounded(allowed_), " more to find their way back");
  }
  return "";
}

void ListeningClock::BeginAllowance(std::string because) {
  allowed_ = std::min(allowance_, credit_);
  because_ = std::move(because);
}

}  // namespace muster

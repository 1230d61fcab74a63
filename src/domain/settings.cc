// Which settings are invalid, and what to change.
#include "muster/settings.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/text.h"

namespace muster {
namespace {

constexpr absl::Duration kDefaultMinInterval = absl::Seconds(10);

// Below a tenth of a second the scheduling of processes looks like silence; above 30 days nothing is
// watched.
constexpr absl::Duration kMinTimeout = absl::Milliseconds(100);
constexpr absl::Duration kMaxTimeout = absl::Hours(24 * 30);
constexpr absl::Duration kMinInterval = absl::Milliseconds(10);
constexpr double kMaxHeartbeatsPerSecond = 1e9;
constexpr int kMaxGuardMinWorkers = 1'000'000'000;

using Problem = std::optional<std::string>;

Problem CheckTimeout(const Settings& settings) {
  if (settings.heartbeat_timeout >= kMinTimeout && settings.heartbeat_timeout <= kMaxTimeout)
    return std::nullopt;
  return Concat({"heartbeat-timeout is ", absl::FormatDuration(settings.heartbeat_timeout),
                 ": set it between ", absl::FormatDuration(kMinTimeout), " and ",
                 absl::FormatDuration(kMaxTimeout)});
}

Problem CheckJobInterval(std::string_view name, absl::Duration interval, absl::Duration timeout) {
  if (!(interval >= kMinInterval)) {
    return Concat({name, " is ", absl::FormatDuration(interval), ": set it to ",
                   absl::FormatDuration(kMinInterval), " or more"});
  }
  if (interval >= timeout) {
    return Concat({name, " is ", absl::FormatDuration(interval), ", not shorter than heartbeat-timeout (",
                   absl::FormatDuration(timeout),
                   "), so that a status would lag by more than a timeout: lower ", name,
                   " or raise heartbeat-timeout"});
  }
  return std::nullopt;
}

Problem CheckPacing(const Settings& settings) {
  const absl::Duration least = settings.EffectiveMinInterval();
  if (least <= absl::ZeroDuration()) {
    return Concat({"min-heartbeat-interval is ", absl::FormatDuration(least), ": set it above 0"});
  }
  if (least > settings.MaxInterval()) {
    return Concat({"min-heartbeat-interval is ", absl::FormatDuration(least),
                   ", more than a third of heartbeat-timeout (",
                   absl::FormatDuration(settings.heartbeat_timeout),
                   "), so that two lost heartbeats would look like death: lower min-heartbeat-interval to ",
                   absl::FormatDuration(settings.MaxInterval()), " or raise heartbeat-timeout to ",
                   absl::FormatDuration(3 * least)});
  }
  const double rate = settings.max_heartbeats_per_second;
  if (!(rate > 0 && rate <= kMaxHeartbeatsPerSecond)) {  // NaN too
    return Concat({"max-heartbeats-per-second is ", absl::StrCat(rate), ": set it above 0, at most ",
                   absl::StrCat(kMaxHeartbeatsPerSecond)});
  }
  return std::nullopt;
}

Problem CheckGuard(const Settings& settings) {
  if (!(settings.guard_share > 0 && settings.guard_share <= 1)) {  // NaN too
    return Concat({"guard-share is ", absl::StrCat(settings.guard_share),
                   ": set it above 0, at most 1 (1 turns the mass-failure guard off)"});
  }
  if (settings.guard_min_workers < 1 || settings.guard_min_workers > kMaxGuardMinWorkers) {
    return Concat({"guard-min-workers is ", absl::StrCat(settings.guard_min_workers),
                   ": set it between 1 and ", absl::StrCat(kMaxGuardMinWorkers)});
  }
  return std::nullopt;
}

}  // namespace

absl::Duration Settings::EffectiveMinInterval() const {
  return min_heartbeat_interval.value_or(std::min(kDefaultMinInterval, MaxInterval()));
}

std::optional<std::string> Validate(const Settings& settings) {
  if (Problem problem = CheckTimeout(settings)) return problem;
  const std::pair<std::string_view, absl::Duration> intervals[] = {
      {"activation-interval", settings.activation_interval},
      {"stale-interval", settings.stale_interval},
      {"reactivation-interval", settings.reactivation_interval},
  };
  for (const auto& [name, interval] : intervals) {
    if (Problem problem = CheckJobInterval(name, interval, settings.heartbeat_timeout)) return problem;
  }
  if (Problem problem = CheckPacing(settings)) return problem;
  return CheckGuard(settings);
}

}  // namespace muster

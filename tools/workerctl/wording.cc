#include "workerctl/wording.h"

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace muster::ctl {
namespace {

constexpr v1::WorkerStatus kStatuses[] = {v1::WORKER_STATUS_PENDING, v1::WORKER_STATUS_ACTIVE,
                                          v1::WORKER_STATUS_OFFLINE, v1::WORKER_STATUS_FAILED};

}  // namespace

std::string StatusName(v1::WorkerStatus status) {
  switch (status) {
    case v1::WORKER_STATUS_UNSPECIFIED:
      return "Unspecified";
    case v1::WORKER_STATUS_PENDING:
      return "Pending";
    case v1::WORKER_STATUS_ACTIVE:
      return "Active";
    case v1::WORKER_STATUS_OFFLINE:
      return "Offline";
    case v1::WORKER_STATUS_FAILED:
      return "Failed";
    default:
      return absl::StrCat("Status(", static_cast<int>(status), ")");  // a newer server's
  }
}

std::optional<v1::WorkerStatus> ParseStatus(std::string_view name) {
  for (const auto status : kStatuses) {
    if (absl::EqualsIgnoreCase(StatusName(status), std::string(name))) return status;
  }
  return std::nullopt;
}

std::vector<std::string> StatusNames() {
  std::vector<std::string> names;
  for (const auto status : kStatuses) names.push_back(StatusName(status));
  return names;
}

Tone StatusTone(v1::WorkerStatus status) {
  switch (status) {
    case v1::WORKER_STATUS_PENDING:
      return Tone::kWaiting;
    case v1::WORKER_STATUS_ACTIVE:
      return Tone::kGood;
    case v1::WORKER_STATUS_OFFLINE:
      return Tone::kBad;
    case v1::WORKER_STATUS_FAILED:
      return Tone::kFinal;
    default:
      return Tone::kPlain;
  }
}

std::string EventTypeName(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_UNSPECIFIED:
      return "Unspecified";
    case v1::EVENT_TYPE_REGISTERED:
      return "registered";
    case v1::EVENT_TYPE_REPLACED:
      return "replaced";
    case v1::EVENT_TYPE_UNREGISTERED:
      return "unregistered";
    case v1::EVENT_TYPE_STATUS_CHANGED:
      return "status-changed";
    case v1::EVENT_TYPE_REGION_HELD:
      return "region-held";
    case v1::EVENT_TYPE_REGION_RELEASED:
      return "region-released";
    case v1::EVENT_TYPE_CLONE_DETECTED:
      return "clone-detected";
    default:
      return absl::StrCat("Event(", static_cast<int>(type), ")");  // a newer server's
  }
}

absl::Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

std::string ClockText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string AgeText(absl::Time then, absl::Time now) {
  const absl::Duration age = now > then ? now - then : absl::ZeroDuration();
  if (age < absl::Minutes(2)) return absl::StrCat(absl::ToInt64Seconds(age), "s ago");
  if (age < absl::Hours(2)) return absl::StrCat(absl::ToInt64Minutes(age), "m ago");
  if (age < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age), "h ago");
  return absl::StrCat(absl::ToInt64Hours(age) / 24, "d ago");
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::ZeroDuration()) return "0s";
  if (duration < absl::Milliseconds(100))
    return absl::FormatDuration(absl::Trunc(duration, absl::Microseconds(1)));
  const auto step = duration < absl::Minutes(1) ? absl::Milliseconds(100) : absl::Seconds(1);
  std::string text = absl::FormatDuration(absl::Trunc(duration, step));
  if (absl::EndsWith(text, "m0s")) text.resize(text.size() - 2);  // absl says 2m0s for 2m
  if (absl::EndsWith(text, "h0m")) text.resize(text.size() - 2);
  return text;
}

std::string SecondsText(absl::Duration duration) {
  std::string text = absl::StrFormat("%.6f", absl::ToDoubleSeconds(duration));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

std::string CountText(std::int64_t count) {
  std::string text = absl::StrCat(count);
  const std::size_t sign = count < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > sign + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string MetadataText(const v1::Worker& worker) {
  const std::map<std::string, std::string> ordered(worker.metadata().begin(), worker.metadata().end());
  return absl::StrJoin(ordered, ",", absl::PairFormatter("="));
}

std::string LastHeartbeatAge(const v1::Worker& worker, absl::Time now) {
  return worker.has_last_heartbeat_at() ? AgeText(TimeOf(worker.last_heartbeat_at()), now) : "never";
}

}  // namespace muster::ctl

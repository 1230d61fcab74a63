// How the contract's values read: statuses, event types, times and durations.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "muster/v1/worker.pb.h"
#include "workerctl/terminal.h"

namespace muster::ctl {

/// "Pending", "Active", "Offline", "Failed"; "Unspecified" and "Status(9)" for what is none of them.
std::string StatusName(v1::WorkerStatus status);
/// In any case of letters.
std::optional<v1::WorkerStatus> ParseStatus(std::string_view name);
/// The four that a worker can have, in the order of the contract.
std::vector<std::string> StatusNames();
Tone StatusTone(v1::WorkerStatus status);

/// "registered", "status-changed", …
std::string EventTypeName(v1::EventType type);

absl::Time TimeOf(const google::protobuf::Timestamp& stamp);
absl::Duration DurationOf(const google::protobuf::Duration& duration);

/// RFC 3339 in UTC with microseconds: "2025-10-25T17:00:00.000000Z".
std::string Rfc3339(absl::Time time);
/// For people: "2025-10-25 17:00:00Z".
std::string ClockText(absl::Time time);
/// "12s ago", "3m ago", "5h ago", "9d ago"; a time ahead of this machine's clock reads "0s ago".
std::string AgeText(absl::Time then, absl::Time now);
/// For people, to at most a tenth of a second: "10s", "2m", "1h5m", "0.3s".
std::string DurationText(absl::Duration duration);
/// For programs, the form of google.protobuf.Duration in JSON: "3.5s".
std::string SecondsText(absl::Duration duration);
/// "1,234,567".
std::string CountText(std::int64_t count);

// Parts of a worker for people. Raw: what is shown goes through a table or a card.

/// "rack=r7,zone=a", ordered by key.
std::string MetadataText(const v1::Worker& worker);
/// "12s ago", or "never".
std::string LastHeartbeatAge(const v1::Worker& worker, absl::Time now);

}  // namespace muster::ctl

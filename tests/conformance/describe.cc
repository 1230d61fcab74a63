#include "conformance/describe.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster::testing {
namespace {

std::string Micros(absl::Time time) {
  return absl::StrCat(absl::ToUnixMicros(time));
}

std::string Listening(const std::optional<ListeningTime>& time) {
  return time ? absl::StrCat(time->micros()) : "never";
}

std::string Name(const std::optional<WorkerStatus>& status) {
  return status ? std::string(StatusName(*status)) : "-";
}

}  // namespace

std::string Describe(const Worker& w) {
  return absl::StrCat(
      w.id, " region=", w.config.region, " capacity=", w.config.capacity, " capabilities=[",
      absl::StrJoin(w.config.capabilities, ","), "] metadata={",
      absl::StrJoin(w.config.metadata, ",", absl::PairFormatter("=")), "} instance=", w.instance_id,
      " before=", w.previous_instance_id, " from=", w.registered_from, " status=", Name(w.status),
      " reason=", w.status_reason, " registered=", Micros(w.registered_at), "/",
      w.registered_at_listening.micros(), " changed=", Micros(w.status_changed_at), " revision=", w.revision,
      " by_hand=", Listening(w.activated_by_hand_at), " offline=", Listening(w.called_offline_at),
      " heartbeats_before=", w.heartbeats_before, " clone=", w.clone_reported);
}

std::string Describe(const WorkerView& view) {
  std::string text = absl::StrCat(Describe(*view.worker), " heartbeats=", view.pulse.total);
  if (view.pulse.total > 0) {
    absl::StrAppend(&text, " last=", Micros(view.pulse.last_at), "/", view.pulse.heard_at.micros());
  }
  if (view.pulse.in_use) absl::StrAppend(&text, " in_use=", *view.pulse.in_use);
  return text;
}

std::string Describe(const HeartbeatRecord& heartbeat) {
  return absl::StrCat("#", heartbeat.ordinal, " ", Micros(heartbeat.at));
}

std::string Describe(const Event& e) {
  return absl::StrCat(e.cursor, " ", std::string(EventTypeName(e.type)), " ", Micros(e.at),
                      " worker=", e.worker_id, " region=", e.region, " revision=", e.revision, " ",
                      Name(e.from), "->", Name(e.to), " reason=", e.reason, " actor=", e.actor);
}

std::string Describe(const RegionTotals& t) {
  std::string text = absl::StrCat(t.region, ":");
  for (const WorkerStatus status : kAllStatuses) {
    absl::StrAppend(&text, " ", Name(status), "=", t.by_status[static_cast<int>(status)]);
  }
  absl::StrAppend(&text, " capacity=", t.capacity, " in_use=", t.in_use, " free=", t.free_capacity);
  if (t.held) absl::StrAppend(&text, " held until ", t.held_until.micros());
  return text;
}

std::string Describe(const RegionHold& hold) {
  return absl::StrCat(hold.region, " held until ", hold.until.micros());
}

std::string Describe(const RegionSilence& silence) {
  return absl::StrCat(silence.region, " silent=", silence.silent, "/", silence.active);
}

std::string Describe(const WorkerError& error) {
  return absl::StrCat(std::string(ReasonOf(error)), ": ", MessageOf(error));
}

}  // namespace muster::testing

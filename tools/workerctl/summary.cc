// workerctl summary
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

using Summary = v1::GetFleetSummaryResponse;
using Counts = google::protobuf::RepeatedPtrField<v1::StatusCount>;

std::int64_t CountOf(const Counts& counts, v1::WorkerStatus status) {
  for (const v1::StatusCount& count : counts) {
    if (count.status() == status) return count.workers();
  }
  return 0;
}

std::string CountsText(const Counts& counts) {
  return absl::StrJoin(counts, ", ", [](std::string* out, const v1::StatusCount& count) {
    absl::StrAppend(out, CountText(count.workers()), " ", StatusName(count.status()));
  });
}

Card CardOf(const Summary& summary, absl::Time now) {
  const auto& listening = summary.listening();
  const auto& detection = summary.detection();
  Card card = {
      {"Workers", {absl::StrCat(CountText(summary.workers()), " (", CountsText(summary.by_status()), ")")}},
      {"Heartbeats",
       {absl::StrFormat("%.1f/s over the last minute, %s since the start", summary.heartbeats_per_second(),
                        CountText(summary.heartbeats_recorded()))}},
      {"Timeout",
       {absl::StrCat(DurationText(DurationOf(summary.heartbeat_timeout())), "; heartbeats advised every ",
                     DurationText(DurationOf(summary.advised_interval())))}},
      {"Listening",
       listening.listening() ? Cell{"yes"} : Cell{absl::StrCat("no: ", listening.reason()), Tone::kWaiting}},
      {"Detection",
       {absl::StrCat(CountText(detection.offline_detected()), " called Offline, ",
                     CountText(detection.false_offlines()), " of them falsely; ",
                     CountText(detection.flaps()), " came back; at worst found ",
                     DurationText(DurationOf(detection.worst_latency())), " late")}},
      {"Last event", {absl::StrCat(summary.last_event_cursor())}},
      {"Daemon",
       {absl::StrCat("musterd ", summary.version(), ", started ",
                     AgeText(TimeOf(summary.started_at()), now))}},
  };
  if (summary.job_failures() > 0) {
    card.push_back({"Jobs",
                    {absl::StrCat(CountText(summary.job_failures()), " runs failed: see the daemon's log"),
                     Tone::kBad}});
  }
  if (!summary.differing_settings().empty()) {
    card.push_back({"Settings",
                    {absl::StrCat("the daemons of this roll differ: ",
                                  absl::StrJoin(summary.differing_settings(), "; ")),
                     Tone::kBad}});
  }
  if (summary.pacing_saturated()) {
    card.push_back(
        {"Pacing",
         {"saturated: the fleet beats more often than max_heartbeats_per_second; raise it or the timeout",
          Tone::kBad}});
  }
  return card;
}

/// Empty while nothing went wrong.
Card HealthOf(const v1::DaemonHealth& health) {
  Card card;
  for (const auto& each : health.blind()) {
    card.push_back({"Blind",
                    {absl::StrCat(DurationText(DurationOf(each.duration())), " (", each.cause(),
                                  "): silence was counted against nobody"),
                     Tone::kWaiting}});
  }
  if (health.in_doubt_batches() > 0) {
    card.push_back({"In doubt",
                    {absl::StrCat(CountText(health.in_doubt_batches()),
                                  " batches of commands, which may have happened or not"),
                     Tone::kBad}});
  }
  if (health.failed_batches() > 0) {
    card.push_back({"Failed",
                    {absl::StrCat(CountText(health.failed_batches()),
                                  " batches of commands that the store did not take: see the daemon's log"),
                     Tone::kBad}});
  }
  for (const auto& each : health.refused_connections()) {
    card.push_back({"Refused",
                    {absl::StrCat(CountText(each.connections()), " connections to ", each.interface(), " (",
                                  each.cause(), ")"),
                     Tone::kWaiting}});
  }
  for (const auto& each : health.lost_log_lines()) {
    card.push_back({"Log",
                    {absl::StrCat(CountText(each.lines()), " lines were not written (", each.cause(), ")"),
                     Tone::kWaiting}});
  }
  if (card.empty()) return card;
  for (const auto& each : health.open_connections()) {
    card.push_back(
        {"Open", {absl::StrCat(CountText(each.connections()), " connections to ", each.interface())}});
  }
  if (DurationOf(health.worst_probe_latency()) > absl::ZeroDuration()) {
    card.push_back(
        {"Probe",
         {absl::StrCat("answered in ", DurationText(DurationOf(health.probe_latency())), ", at worst in ",
                       DurationText(DurationOf(health.worst_probe_latency())))}});
  }
  if (health.database_log_bytes() > 0) {
    card.push_back({"Database", {absl::StrCat(CountText(health.database_log_bytes()), " bytes of log")}});
  }
  return card;
}

std::vector<Cell> RowOf(const v1::RegionSummary& region) {
  std::vector<Cell> row = {{region.region()}};
  for (const auto status : {v1::WORKER_STATUS_PENDING, v1::WORKER_STATUS_ACTIVE, v1::WORKER_STATUS_OFFLINE,
                            v1::WORKER_STATUS_FAILED}) {
    row.push_back({CountText(CountOf(region.by_status(), status))});
  }
  for (const std::int64_t number : {region.capacity(), region.in_use(), region.free_capacity()}) {
    row.push_back({CountText(number)});
  }
  row.push_back(region.held() ? Cell{absl::StrCat("held for ", DurationText(DurationOf(region.held_for()))),
                                     Tone::kWaiting}
                              : Cell{""});
  return row;
}

void PrintTables(Session& session, const Summary& summary) {
  session.out() << RenderCard(CardOf(summary, session.Now()), session.terminal());
  if (const Card health = HealthOf(summary.health()); !health.empty()) {
    session.out() << "\nHealth of this daemon since it started:\n" << RenderCard(health, session.terminal());
  }
  if (summary.by_region().empty()) return;
  std::vector<std::vector<Cell>> rows;
  for (const auto& region : summary.by_region()) rows.push_back(RowOf(region));
  TableWriter table({{"REGION"},
                     {"PENDING", true},
                     {"ACTIVE", true},
                     {"OFFLINE", true},
                     {"FAILED", true},
                     {"CAPACITY", true},
                     {"IN USE", true},
                     {"FREE", true},
                     {"GUARD"}});
  session.out() << "\n" << table.Render(std::move(rows), session.terminal());
}

int ShowSummary(Session& session) {
  Summary summary;
  const grpc::Status status = session.connection().Call(&v1::WorkerQueries::Stub::GetFleetSummary,
                                                        v1::GetFleetSummaryRequest(), summary);
  if (!status.ok()) return session.Fail(status, session.AttemptOf("summary"));
  if (session.is_table()) {
    PrintTables(session, summary);
  } else if (session.form() == OutputForm::kName) {
    for (const auto& region : summary.by_region()) session.out() << Printable(region.region()) << "\n";
  } else {
    session.Print(DocumentOf(summary));
  }
  return kOk;
}

}  // namespace

void AddSummary(CommandLine& line) {
  CLI::App& command =
      line.Add("summary", "Show the fleet in numbers: by status, by region, and how the daemon is",
               "workerctl summary\n"
               "workerctl summary -o json | jq .heartbeatsPerSecond");
  line.OnRun(command, ShowSummary);
}

}  // namespace muster::ctl

// workerctl get
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

std::string When(const google::protobuf::Timestamp& stamp, absl::Time now) {
  const absl::Time time = TimeOf(stamp);
  return absl::StrCat(AgeText(time, now), " (", ClockText(time), ")");
}

std::string Silence(const v1::HeartbeatSummary& heartbeats) {
  if (!heartbeats.has_silent_for()) return "never heard";
  return absl::StrCat(DurationText(DurationOf(heartbeats.silent_for())),
                      heartbeats.fresh() ? " (fresh)" : " (stale)");
}

Card CardOf(const v1::Worker& worker, OutputForm form, absl::Time now) {
  Card card = {{"ID", {worker.id(), Tone::kStrong}},
               {"Status", {StatusName(worker.status()), StatusTone(worker.status())}},
               {"Since", {When(worker.status_changed_at(), now)}}};
  if (!worker.status_reason().empty()) card.push_back({"Reason", {worker.status_reason()}});
  card.push_back({"Region", {worker.region()}});
  card.push_back(
      {"Capacity",
       {absl::StrCat(worker.capacity(),
                     worker.has_in_use() ? absl::StrCat(" (in use: ", worker.in_use(), ")") : "")}});
  card.push_back({"Capabilities", {absl::StrJoin(worker.capabilities(), ", ")}});
  card.push_back({"Metadata", {MetadataText(worker)}});
  card.push_back({"Registered", {When(worker.registered_at(), now)}});
  card.push_back(
      {"Last heartbeat", {worker.has_last_heartbeat_at() ? When(worker.last_heartbeat_at(), now) : "never"}});
  card.push_back({"Silent for", {Silence(worker.heartbeats())}});
  card.push_back({"Heartbeats", {CountText(worker.heartbeats().total())}});
  card.push_back({"Instance", {worker.instance_id()}});
  card.push_back({"Revision", {absl::StrCat(worker.revision())}});
  if (form == OutputForm::kWide) {
    for (const auto& recent : worker.heartbeats().recent())
      card.push_back({"Heard", {Rfc3339(TimeOf(recent))}});
  }
  return card;
}

int Get(Session& session, const std::string& id) {
  v1::GetWorkerRequest request;
  request.set_worker_id(id);
  request.set_view(v1::WORKER_VIEW_HEARTBEATS);
  v1::GetWorkerResponse response;
  const grpc::Status status =
      session.connection().Call(&v1::WorkerQueries::Stub::GetWorker, request, response);
  if (!status.ok()) return session.Fail(status, session.AttemptOf("get", id));
  const v1::Worker& worker = response.worker();
  if (session.is_table()) {
    session.out() << RenderCard(CardOf(worker, session.form(), session.Now()), session.terminal());
  } else if (session.form() == OutputForm::kName) {
    session.out() << Printable(worker.id()) << "\n";
  } else {
    session.Print(DocumentOf(worker));
  }
  return kOk;
}

}  // namespace

void AddGet(CommandLine& line) {
  auto id = std::make_shared<std::string>();
  CLI::App& command = line.Add("get", "Show one worker, with what its heartbeats say of it",
                               "workerctl get worker-1\n"
                               "workerctl get worker-1 -o json | jq -r .status");
  line.TakesWorkerId(command.add_option("ID", *id, "The worker to show")->required());
  line.OnRun(command, [id](Session& session) { return Get(session, *id); });
}

}  // namespace muster::ctl

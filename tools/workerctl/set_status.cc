// workerctl set-status
#include <optional>

#include "absl/strings/str_cat.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct SetStatusOptions {
  std::string id;
  std::string status;
  std::string expected_status;
  std::optional<std::int64_t> expected_revision;
  std::string reason;
};

int SetStatus(Session& session, const SetStatusOptions& options) {
  v1::UpdateWorkerStatusRequest request;
  request.set_worker_id(options.id);
  request.set_status(ParseStatus(options.status).value_or(v1::WORKER_STATUS_UNSPECIFIED));
  request.set_expected_status(ParseStatus(options.expected_status).value_or(v1::WORKER_STATUS_UNSPECIFIED));
  if (options.expected_revision) request.set_expected_revision(*options.expected_revision);
  request.set_reason(options.reason);
  v1::UpdateWorkerStatusResponse response;
  const grpc::Status status =
      session.connection().Call(&v1::WorkerCommands::Stub::UpdateWorkerStatus, request, response);
  if (!status.ok()) return session.Fail(status, session.AttemptOf("set-status", options.id));
  const v1::Worker& worker = response.worker();
  WorkerAnswers answers(session, false);
  answers.Add(worker, absl::StrCat(worker.id(), " is ", StatusName(worker.status()), ", revision ",
                                   worker.revision()));
  answers.End();
  return kOk;
}

}  // namespace

void AddSetStatus(CommandLine& line) {
  auto options = std::make_shared<SetStatusOptions>();
  CLI::App& command = line.Add(
      "set-status", "Move a worker to another status by hand",
      "workerctl set-status worker-1 Failed --reason 'disk is dying'\n"
      "workerctl set-status worker-1 Active --expect Offline",
      "Legal moves: Pending to Active or Failed, Active to Offline or Failed, Offline to Active or Failed.\n"
      "Failed is final. A move to the status that the worker has is accepted and changes nothing.");
  line.TakesWorkerId(command.add_option("ID", options->id, "The worker to move")->required());
  line.Choices(command.add_option("STATUS", options->status, "Where to move it")->required(), StatusNames());
  line.Choices(command.add_option("--expect", options->expected_status, "Only if it has this status")
                   ->type_name("STATUS"),
               StatusNames());
  command.add_option("--expected-revision", options->expected_revision, "Only if it is at this revision")
      ->type_name("N");
  command.add_option("--reason", options->reason, "Why: is kept with the worker and in its events")
      ->type_name("TEXT");
  line.OnRun(command, [options](Session& session) { return SetStatus(session, *options); });
}

}  // namespace muster::ctl

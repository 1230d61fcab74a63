// workerctl unregister
#include <optional>

#include "absl/strings/str_cat.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct UnregisterOptions {
  std::vector<std::string> ids;
  std::optional<std::int64_t> expected_revision;
};

int Unregister(Session& session, const UnregisterOptions& options) {
  WorkerAnswers answers(session, options.ids.size() > 1);
  int exit_code = kOk;
  for (const std::string& id : options.ids) {
    v1::UnregisterWorkerRequest request;
    request.set_worker_id(id);
    if (options.expected_revision) request.set_expected_revision(*options.expected_revision);
    v1::UnregisterWorkerResponse response;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerCommands::Stub::UnregisterWorker, request, response);
    if (status.ok()) {
      answers.Add(response.worker(),
                  absl::StrCat(id, " unregistered (was ", StatusName(response.worker().status()), ")"));
    } else {
      exit_code = session.Fail(status, session.AttemptOf("unregister", id, options.ids.size() > 1));
      if (exit_code == kUnreachable) return exit_code;
    }
  }
  answers.End();
  return exit_code;
}

}  // namespace

void AddUnregister(CommandLine& line) {
  auto options = std::make_shared<UnregisterOptions>();
  CLI::App& command = line.Add("unregister", "Remove workers and their heartbeats from the roll",
                               "workerctl unregister worker-1 worker-2\n"
                               "workerctl unregister worker-1 --expected-revision 7",
                               "One that is refused does not keep the others from being removed.");
  line.TakesWorkerId(command.add_option("ID", options->ids, "The workers to remove")->required());
  command
      .add_option("--expected-revision", options->expected_revision, "Only if the worker is at this revision")
      ->type_name("N");
  line.OnRun(
      command, [options](Session& session) { return Unregister(session, *options); },
      [options] {
        if (options->expected_revision && options->ids.size() > 1) {
          throw CLI::ValidationError("--expected-revision goes with one ID only");
        }
      });
}

}  // namespace muster::ctl

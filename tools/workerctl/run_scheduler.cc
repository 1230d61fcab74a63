// workerctl run-scheduler
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

void AddJob(std::vector<std::vector<Cell>>& rows, const std::string& name, const v1::JobResult& result) {
  std::string ids = absl::StrJoin(result.worker_ids(), ", ");
  const std::int64_t more = result.moved() - result.worker_ids_size();
  if (more > 0) absl::StrAppend(&ids, " and ", CountText(more), " more");
  rows.push_back({{name}, {CountText(result.moved())}, {ids}});
}

void PrintTable(Session& session, const v1::RunSchedulerResponse& response) {
  std::vector<std::vector<Cell>> rows;
  AddJob(rows, "activation", response.activation());
  AddJob(rows, "stale-detection", response.stale_detection());
  AddJob(rows, "reactivation", response.reactivation());
  session.out()
      << TableWriter({{"JOB"}, {"MOVED", true}, {"WORKERS"}}).Render(std::move(rows), session.terminal());
  for (const std::string& region : response.stale_detection().held_regions()) {
    session.out() << "Held: region " << Printable(region)
                  << ", too many of its workers fell silent at once (see workerctl summary)\n";
  }
}

int RunScheduler(Session& session) {
  v1::RunSchedulerResponse response;
  const grpc::Status status =
      session.connection().Call(&v1::WorkerCommands::Stub::RunScheduler, v1::RunSchedulerRequest(), response);
  if (!status.ok()) return session.Fail(status, session.AttemptOf("run-scheduler"));
  if (session.is_table()) {
    PrintTable(session, response);
  } else if (session.form() == OutputForm::kName) {
    for (const auto* job : {&response.activation(), &response.stale_detection(), &response.reactivation()}) {
      for (const std::string& id : job->worker_ids()) session.out() << Printable(id) << "\n";
    }
  } else {
    session.Print(DocumentOf(response));
  }
  return kOk;
}

}  // namespace

void AddRunScheduler(CommandLine& line) {
  CLI::App& command =
      line.Add("run-scheduler", "Run the three jobs once, now: activation, stale detection, reactivation",
               "workerctl run-scheduler\n"
               "workerctl run-scheduler -o json | jq .staleDetection.moved",
               "The daemon runs them by itself as well. At most 1,000 workers of each job are named; counts "
               "are exact.");
  line.OnRun(command, RunScheduler);
}

}  // namespace muster::ctl

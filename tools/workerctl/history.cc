// workerctl history
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct HistoryOptions {
  std::string id;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
};

int History(Session& session, const HistoryOptions& options) {
  Listing listing(session, {{"HEARTBEAT", true}, {"AGE"}, {"RECORDED AT"}});
  v1::ListHeartbeatsRequest request;
  request.set_worker_id(options.id);
  do {
    request.set_page_size(static_cast<int>(std::min(kPageSize, options.limit - listing.count())));
    v1::ListHeartbeatsResponse page;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerQueries::Stub::ListHeartbeats, request, page);
    if (!status.ok()) return session.Fail(status, session.AttemptOf("history", options.id));
    for (const v1::HeartbeatRecord& heartbeat : page.heartbeats()) {
      if (listing.count() == options.limit) break;
      const absl::Time at = TimeOf(heartbeat.recorded_at());
      listing.Add(
          absl::StrCat(heartbeat.ordinal()),
          [&]() -> std::vector<Cell> {
            return {{absl::StrCat(heartbeat.ordinal())}, {AgeText(at, session.Now())}, {Rfc3339(at)}};
          },
          [&] { return DocumentOf(heartbeat); });
    }
    listing.EndPage();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && listing.count() < options.limit && listing.Wanted());
  listing.End();
  if (listing.count() == 0) session.Remark(absl::StrCat(Printable(options.id), " was never heard."));
  return kOk;
}

}  // namespace

void AddHistory(CommandLine& line) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App& command = line.Add("history", "Show the latest heartbeats of a worker, newest first",
                               "workerctl history worker-1 --limit 10",
                               "The daemon keeps the last 100 of each worker, unless it is told otherwise.");
  line.TakesWorkerId(command.add_option("ID", options->id, "The worker")->required());
  command.add_option("--limit", options->limit, "At most so many (default: all that are kept)")
      ->type_name("N")
      ->check(AtLeastOne());
  line.OnRun(command, [options](Session& session) { return History(session, *options); });
}

}  // namespace muster::ctl

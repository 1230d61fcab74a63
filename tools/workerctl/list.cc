// workerctl list
#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workerctl/arguments.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct ListOptions {
  std::vector<std::string> statuses;
  std::string region;
  std::string capability;
  std::vector<std::string> metadata;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
};

std::vector<Column> ColumnsFor(OutputForm form) {
  std::vector<Column> columns = {{"ID"}, {"STATUS"}, {"REGION"}, {"CAPACITY", true}};
  if (form == OutputForm::kWide) columns.push_back({"IN USE", true});
  columns.push_back({"LAST HEARTBEAT"});
  columns.push_back({"CAPABILITIES"});
  if (form == OutputForm::kWide) {
    for (const char* header : {"METADATA", "REGISTERED", "REVISION", "INSTANCE", "REASON"})
      columns.push_back({header});
  }
  return columns;
}

std::vector<Cell> RowOf(const v1::Worker& worker, OutputForm form, absl::Time now) {
  std::vector<Cell> row = {{worker.id()},
                           {StatusName(worker.status()), StatusTone(worker.status())},
                           {worker.region()},
                           {absl::StrCat(worker.capacity())}};
  if (form == OutputForm::kWide) row.push_back({worker.has_in_use() ? absl::StrCat(worker.in_use()) : "-"});
  row.push_back({LastHeartbeatAge(worker, now)});
  row.push_back({absl::StrJoin(worker.capabilities(), ",")});
  if (form == OutputForm::kWide) {
    row.push_back({MetadataText(worker)});
    row.push_back({AgeText(TimeOf(worker.registered_at()), now)});
    row.push_back({absl::StrCat(worker.revision())});
    row.push_back({worker.instance_id()});
    row.push_back({worker.status_reason()});
  }
  return row;
}

v1::ListWorkersRequest RequestOf(const ListOptions& options) {
  v1::ListWorkersRequest request;
  for (const std::string& name : options.statuses) {
    request.add_statuses(ParseStatus(name).value_or(v1::WORKER_STATUS_UNSPECIFIED));
  }
  request.set_region(options.region);
  request.set_capability(options.capability);
  for (const auto& [key, value] : ParseMetadata(options.metadata)) (*request.mutable_metadata())[key] = value;
  return request;
}

int List(Session& session, const ListOptions& options) {
  Listing listing(session, ColumnsFor(session.form()));
  v1::ListWorkersRequest request = RequestOf(options);
  do {
    request.set_page_size(static_cast<int>(std::min(kPageSize, options.limit - listing.count())));
    v1::ListWorkersResponse page;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerQueries::Stub::ListWorkers, request, page);
    if (!status.ok()) return session.Fail(status, session.AttemptOf("list"));
    for (const v1::Worker& worker : page.workers()) {
      if (listing.count() == options.limit) break;
      listing.Add(
          worker.id(), [&] { return RowOf(worker, session.form(), session.Now()); },
          [&] { return DocumentOf(worker); });
    }
    listing.EndPage();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && listing.count() < options.limit && listing.Wanted());
  listing.End();
  if (listing.count() == 0) session.Remark("No workers match.");
  return kOk;
}

}  // namespace

void AddList(CommandLine& line) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& command =
      line.Add("list", "Show the workers on the roll, ordered by id",
               "workerctl list\n"
               "workerctl list --status Active,Offline --region eu-west-1\n"
               "workerctl list --capability gpu --metadata rack=r7 -o wide\n"
               "workerctl list --status Offline -o name | xargs workerctl unregister",
               "All filters must hold. Workers are written as they arrive, however many there are.");
  line.Choices(
      command.add_option("--status", options->statuses, "Only these statuses (repeatable, or with commas)")
          ->type_name("STATUS")
          ->delimiter(',')
          ->allow_extra_args(false),
      StatusNames());
  command.add_option("--region", options->region, "Only this region")->type_name("NAME");
  command.add_option("--capability", options->capability, "Only workers that can do this")->type_name("NAME");
  command.add_option("--metadata", options->metadata, "Only workers with this metadata (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--limit", options->limit, "At most so many (default: all)")
      ->type_name("N")
      ->check(AtLeastOne());
  line.OnRun(
      command, [options](Session& session) { return List(session, *options); },
      [options] { ParseMetadata(options->metadata); });
}

}  // namespace muster::ctl

// workerctl events
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct EventsOptions {
  std::string id;
  std::int64_t after = 0;
  bool newest_first = false;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
};

std::vector<Column> ColumnsFor(OutputForm form) {
  std::vector<Column> columns = {{"CURSOR", true}, {"AGE"}, {"EVENT"}, {"WORKER"},
                                 {"CHANGE"},       {"BY"},  {"REASON"}};
  if (form == OutputForm::kWide) {
    columns.push_back({"REGION"});
    columns.push_back({"REVISION", true});
    columns.push_back({"OCCURRED AT"});
  }
  return columns;
}

std::string Change(const v1::Event& event) {
  const bool from = event.from_status() != v1::WORKER_STATUS_UNSPECIFIED;
  const bool to = event.to_status() != v1::WORKER_STATUS_UNSPECIFIED;
  if (!from && !to) return "-";
  if (!from) return StatusName(event.to_status());
  return absl::StrCat(StatusName(event.from_status()), " -> ", StatusName(event.to_status()));
}

std::vector<Cell> RowOf(const v1::Event& event, OutputForm form, absl::Time now) {
  const absl::Time at = TimeOf(event.occurred_at());
  std::vector<Cell> row = {
      {absl::StrCat(event.cursor())},
      {AgeText(at, now)},
      {EventTypeName(event.type())},
      {event.worker_id().empty() ? absl::StrCat("region ", event.region()) : event.worker_id()},
      {Change(event), StatusTone(event.to_status())},
      {event.actor()},
      {event.reason()}};
  if (form == OutputForm::kWide) {
    row.push_back({event.region()});
    row.push_back({absl::StrCat(event.revision())});
    row.push_back({Rfc3339(at)});
  }
  return row;
}

int Events(Session& session, const EventsOptions& options) {
  Listing listing(session, ColumnsFor(session.form()));
  v1::ListEventsRequest request;
  request.set_worker_id(options.id);
  request.set_after_cursor(options.after);
  request.set_newest_first(options.newest_first);
  do {
    request.set_page_size(static_cast<int>(std::min(kPageSize, options.limit - listing.count())));
    v1::ListEventsResponse page;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerQueries::Stub::ListEvents, request, page);
    if (!status.ok()) return session.Fail(status, session.AttemptOf("events", options.id));
    for (const v1::Event& event : page.events()) {
      if (listing.count() == options.limit) break;
      listing.Add(
          absl::StrCat(event.cursor()), [&] { return RowOf(event, session.form(), session.Now()); },
          [&] { return DocumentOf(event); });
    }
    listing.EndPage();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && listing.count() < options.limit && listing.Wanted());
  listing.End();
  if (listing.count() == 0) session.Remark("No events.");
  return kOk;
}

}  // namespace

void AddEvents(CommandLine& line) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App& command = line.Add("events", "Show what changed, in the order in which it happened",
                               "workerctl events --newest-first --limit 20\n"
                               "workerctl events worker-1\n"
                               "workerctl events --after 1042 -o json",
                               "Each event has a cursor; --after takes up where an earlier list ended.");
  line.TakesWorkerId(command.add_option("ID", options->id, "Only the events of this worker"));
  command.add_option("--after", options->after, "Only events after this cursor")
      ->type_name("CURSOR")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--newest-first", options->newest_first, "The latest first");
  command.add_option("--limit", options->limit, "At most so many (default: all)")
      ->type_name("N")
      ->check(AtLeastOne());
  line.OnRun(command, [options](Session& session) { return Events(session, *options); });
}

}  // namespace muster::ctl

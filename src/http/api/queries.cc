#include "http/api/queries.h"

#include <string>
#include <utility>
#include <variant>

#include "http/api/entity_tags.h"
#include "http/api/parameters.h"
#include "http/api/render.h"
#include "muster/queries.h"
#include "roll/fleet_summary.h"
#include "roll/heartbeat_summary.h"

namespace muster::http {
namespace {

/// Answers with the page, or why there is none.
void ReplyWithWorkers(Call call, Roll& roll, WorkerFilter filter, PageRequest page, bool heartbeats) {
  roll.Read([call = std::move(call), &roll, filter = std::move(filter), page = std::move(page),
             heartbeats](const ReadTx& tx) mutable {
    const Result<WorkerPage> found = muster::ListWorkers(tx, filter, page);
    if (!found.ok()) return call.Refuse(found.error());
    Json workers = Json::array();
    for (const WorkerView& each : found->workers) workers.push_back(Render(each));
    if (heartbeats) {
      const auto summaries = HeartbeatSummaries(tx, roll).Of(found->workers);
      if (!summaries.ok()) return call.Refuse(summaries.error());
      for (std::size_t i = 0; i < summaries->size(); ++i) workers[i]["heartbeats"] = Render((*summaries)[i]);
    }
    call.Reply({{"workers", std::move(workers)}, {"nextPageToken", found->next_page_token}});
  });
}

/// A page of anything else: its items under `name`, and where it goes on.
template <typename Items>
void ReplyWithPage(Call& call, const char* name, const Items& items, const std::string& next_page_token) {
  Json list = Json::array();
  for (const auto& each : items) list.push_back(Render(each));
  call.Reply({{name, std::move(list)}, {"nextPageToken", next_page_token}});
}

}  // namespace

void GetWorker(Call call, Roll& roll) {
  roll.Read([call = std::move(call)](const ReadTx& tx) mutable {
    const Result<WorkerView> found = muster::GetWorker(tx, call.id);
    if (!found.ok()) return call.Refuse(found.error());
    const Worker& worker = *found->worker;
    if (HasAlready(call.request(), worker)) return call.Send({304, "", "", {{"ETag", TagOf(worker)}}});
    call.Reply(200, Render(*found), {{"ETag", TagOf(worker)}});
  });
}

void GetWorkerWithHeartbeats(Call call, Roll& roll) {
  roll.Read([call = std::move(call), &roll](const ReadTx& tx) mutable {
    const Result<WorkerView> found = muster::GetWorker(tx, call.id);
    if (!found.ok()) return call.Refuse(found.error());
    const Result<HeartbeatSummary> summary = HeartbeatSummaries(tx, roll).Of(*found);
    if (!summary.ok()) return call.Refuse(summary.error());
    Json worker = Render(*found);
    worker["heartbeats"] = Render(*summary);
    call.Reply(worker);
  });
}

void ListWorkers(Call call, Roll& roll) {
  Parameters query(call.request().query);
  WorkerFilter filter;
  filter.statuses = query.Statuses("status");
  filter.region = query.Text("region");
  filter.capability = query.Text("capability");
  filter.metadata = query.Entries("metadata");
  PageRequest page = query.Page();
  const bool heartbeats = query.WantsHeartbeats();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  ReplyWithWorkers(std::move(call), roll, std::move(filter), std::move(page), heartbeats);
}

void ListActiveWorkers(Call call, Roll& roll) {
  Parameters query(call.request().query);
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  WorkerFilter filter;
  filter.statuses = {WorkerStatus::kActive};
  ReplyWithWorkers(std::move(call), roll, std::move(filter), std::move(page), /*heartbeats=*/false);
}

void GetLastHeartbeat(Call call, Roll& roll) {
  roll.Read([call = std::move(call)](const ReadTx& tx) mutable {
    const Result<WorkerView> found = muster::GetWorker(tx, call.id);
    if (!found.ok()) return call.Refuse(found.error());
    const Pulse& pulse = found->pulse;
    call.Reply(
        {{"heartbeat", pulse.total > 0 ? Render(HeartbeatRecord{pulse.total, pulse.last_at}) : Json()}});
  });
}

void ListHeartbeats(Call call, Roll& roll) {
  Parameters query(call.request().query);
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  roll.Read([call = std::move(call), page = std::move(page)](const ReadTx& tx) mutable {
    const Result<HeartbeatPage> found = muster::ListHeartbeats(tx, call.id, page);
    if (!found.ok()) return call.Refuse(found.error());
    ReplyWithPage(call, "heartbeats", found->heartbeats, found->next_page_token);
  });
}

void ListEvents(Call call, Roll& roll) {
  Parameters query(call.request().query);
  EventFilter filter{query.Text("workerId"), query.Int64("after"), query.Flag("newestFirst")};
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  roll.Read(
      [call = std::move(call), filter = std::move(filter), page = std::move(page)](const ReadTx& tx) mutable {
        const Result<EventPage> found = muster::ListEvents(tx, filter, page);
        if (found.ok()) return ReplyWithPage(call, "events", found->events, found->next_page_token);
        WorkerError error = found.error();
        auto* invalid = std::get_if<InvalidArgument>(&error);
        if (invalid != nullptr && invalid->field == "worker_id")
          invalid->field = "workerId";  // here it is no path's
        call.Refuse(error);
      });
}

void GetSummary(Call call, const Site& site) {
  Roll* roll = site.gate.roll();
  if (roll == nullptr) return call.Refuse(site.gate.Refusal());
  roll->Read([call = std::move(call), roll, version = site.version](const ReadTx& tx) mutable {
    const Result<FleetSummary> summary = SumUpFleet(tx, *roll);
    if (!summary.ok()) return call.Refuse(summary.error());
    Json json = Render(*summary);
    json["version"] = version;
    call.Reply(json);
  });
}

}  // namespace muster::http

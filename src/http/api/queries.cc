#include "muster/queries.h"

#include <string>
#include <utility>
#include <variant>

#include "http/api/entity_tags.h"
#include "http/api/handlers.h"
#include "http/api/parameters.h"
#include "http/api/render.h"
#include "registry/fleet_summary.h"
#include "registry/heartbeat_summary.h"

namespace muster::http {
namespace {

/// Answers the call with `query(call, reads)`, which runs on a thread of the lane.
template <typename Query>
void AnswerAside(ReadLane lane, Call call, const Registry& registry, Query query) {
  ReadCaller caller = call.AsReadCaller();
  registry.ReadOnPool(
      lane, std::move(caller),
      [call = std::move(call), query = std::move(query)](Result<const ScanReads*> reads) mutable {
        if (!reads.ok()) return call.Refuse(reads.error());
        query(call, **reads);
      });
}

/// The same for one worker, read from memory if the roll is in memory.
template <typename Query>
void AnswerWithWorker(Call call, const Registry& registry, Query query) {
  ReadCaller caller = call.AsReadCaller();
  registry.Read(std::move(caller), [call = std::move(call), query](Result<const PointReads*> reads) mutable {
    if (!reads.ok()) return call.Refuse(reads.error());
    const Result<WorkerView> found = muster::GetWorker(**reads, call.id);
    if (!found.ok()) return call.Refuse(found.error());
    query(call, *found);
  });
}

void AnswerWithWorkers(Call call, const Registry& registry, WorkerFilter filter, PageRequest page,
                       bool heartbeats) {
  AnswerAside(ReadLane::kScan, std::move(call), registry,
              [&registry, filter = std::move(filter), page = std::move(page), heartbeats](
                  Call& answered, const ScanReads& reads) {
                const Result<WorkerPage> found =
                    muster::ListWorkers(reads, filter, page, heartbeats ? kHeartbeatSummaryBytes : 0);
                if (!found.ok()) return answered.Refuse(found.error());
                Json workers = Json::array();
                for (const WorkerView& each : found->workers) workers.push_back(Render(each));
                if (heartbeats) {
                  const auto summaries = HeartbeatSummaries(reads, registry).Of(found->workers);
                  if (!summaries.ok()) return answered.Refuse(summaries.error());
                  for (std::size_t i = 0; i < summaries->size(); ++i)
                    workers[i]["heartbeats"] = Render((*summaries)[i]);
                }
                answered.Reply({{"workers", std::move(workers)}, {"nextPageToken", found->next_page_token}});
              });
}

/// A page of anything else: its items under `name`, and the token of the next page.
template <typename Items>
void ReplyWithPage(Call& call, const char* name, const Items& items, const std::string& next_page_token) {
  Json list = Json::array();
  for (const auto& each : items) list.push_back(Render(each));
  call.Reply({{name, std::move(list)}, {"nextPageToken", next_page_token}});
}

}  // namespace

void GetWorker(Call call, Registry& registry) {
  AnswerWithWorker(std::move(call), registry, [](Call& answered, const WorkerView& found) {
    const Worker& worker = *found.worker;
    if (HasAlready(answered.request(), worker)) {
      return answered.Send({304, "", "", {{"ETag", TagOf(worker)}}});
    }
    answered.Reply(200, Render(found), {{"ETag", TagOf(worker)}});
  });
}

void GetWorkerWithHeartbeats(Call call, Registry& registry) {
  AnswerAside(ReadLane::kPoint, std::move(call), registry,
              [&registry](Call& answered, const ScanReads& reads) {
                const auto found = muster::GetWorkerWithHeartbeats(reads, registry, answered.id);
                if (!found.ok()) return answered.Refuse(found.error());
                Json worker = Render(found->worker);
                worker["heartbeats"] = Render(found->heartbeats);
                answered.Reply(worker);
              });
}

void ListWorkers(Call call, Registry& registry) {
  Parameters query(call.request().query);
  WorkerFilter filter;
  filter.statuses = query.Statuses("status");
  filter.region = query.Text("region");
  filter.capability = query.Text("capability");
  filter.metadata = query.Entries("metadata");
  PageRequest page = query.Page();
  const bool heartbeats = query.WantsHeartbeats();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  AnswerWithWorkers(std::move(call), registry, std::move(filter), std::move(page), heartbeats);
}

void ListActiveWorkers(Call call, Registry& registry) {
  Parameters query(call.request().query);
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  WorkerFilter filter;
  filter.statuses = {WorkerStatus::kActive};
  AnswerWithWorkers(std::move(call), registry, std::move(filter), std::move(page), /*heartbeats=*/false);
}

void GetLastHeartbeat(Call call, Registry& registry) {
  AnswerWithWorker(std::move(call), registry, [](Call& answered, const WorkerView& found) {
    const Pulse& pulse = found.pulse;
    answered.Reply(
        {{"heartbeat", pulse.total > 0 ? Render(HeartbeatRecord{pulse.total, pulse.last_at}) : Json()}});
  });
}

void ListHeartbeats(Call call, Registry& registry) {
  Parameters query(call.request().query);
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  AnswerAside(ReadLane::kPoint, std::move(call), registry,
              [page = std::move(page)](Call& answered, const ScanReads& reads) {
                const Result<HeartbeatPage> found = muster::ListHeartbeats(reads, answered.id, page);
                if (!found.ok()) return answered.Refuse(found.error());
                ReplyWithPage(answered, "heartbeats", found->heartbeats, found->next_page_token);
              });
}

void ListEvents(Call call, Registry& registry) {
  Parameters query(call.request().query);
  EventFilter filter{query.Text("workerId"), query.Int64("after"), query.Flag("newestFirst")};
  PageRequest page = query.Page();
  if (query.Wrong()) return call.Reject(*query.Wrong());
  AnswerAside(ReadLane::kScan, std::move(call), registry,
              [filter = std::move(filter), page = std::move(page)](Call& answered, const ScanReads& reads) {
                const Result<EventPage> found = muster::ListEvents(reads, filter, page);
                if (found.ok())
                  return ReplyWithPage(answered, "events", found->events, found->next_page_token);
                WorkerError error = found.error();
                auto* invalid = std::get_if<InvalidArgument>(&error);
                if (invalid != nullptr && invalid->field == "worker_id")
                  invalid->field = "workerId";  // here it is not from the path
                answered.Refuse(error);
              });
}

void GetSummary(Call call, const ServerInfo& server_info) {
  const Registry* registry = server_info.gate.registry();
  if (registry == nullptr) return call.Refuse(server_info.gate.Refusal());
  AnswerAside(ReadLane::kScan, std::move(call), *registry,
              [registry, version = server_info.version](Call& answered, const ScanReads& reads) {
                const Result<FleetSummary> summary = SumUpFleet(reads, *registry);
                if (!summary.ok()) return answered.Refuse(summary.error());
                Json json = Render(*summary);
                json["version"] = version;
                answered.Reply(json);
              });
}

}  // namespace muster::http

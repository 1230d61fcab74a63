#include "rpc/queries.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/queries.h"
#include "registry/fleet_summary.h"
#include "registry/heartbeat_summary.h"
#include "rpc/convert.h"
#include "rpc/unary.h"

namespace muster::rpc {
namespace {

Result<WorkerFilter> FilterFrom(v1::ListWorkersRequest& request) {
  WorkerFilter filter;
  bool any = false;
  for (int i = 0; i < request.statuses_size(); ++i) {
    const auto status = StatusFromProto(request.statuses(i), absl::StrCat("statuses[", i, "]"));
    if (!status.ok()) return status.error();
    if (*status) {
      filter.statuses.push_back(**status);
    } else {
      any = true;
    }
  }
  if (any) filter.statuses.clear();
  filter.region = std::move(*request.mutable_region());
  filter.capability = std::move(*request.mutable_capability());
  for (auto& [key, value] : *request.mutable_metadata()) filter.metadata.emplace(key, std::move(value));
  return filter;
}

/// Answers the call with `query(reads)`, run in the lane.
template <typename Call, typename Query>
void AnswerAside(ReadLane lane, Call& call, const Registry& registry, Query query) {
  registry.ReadOnPool(lane, call.AsReadCaller(),
                      [&call, query = std::move(query)](Result<const ScanReads*> reads) mutable {
                        if (!reads.ok()) return call.Refuse(reads.error());
                        query(**reads);
                      });
}

/// Ends a stream before it begins.
class UnimplementedStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  UnimplementedStream() {
    Finish({grpc::StatusCode::UNIMPLEMENTED,
            "WatchWorkers is not in this version: poll ListEvents by its cursor"});
  }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* QueriesService::GetWorker(Context* context, const Bytes* received, Bytes* reply) {
  using Call = UnaryCall<v1::GetWorkerRequest, v1::GetWorkerResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    const Result<bool> heartbeats = WantsHeartbeats(call.request.view());
    if (!heartbeats.ok()) return call.Refuse(heartbeats.error());
    if (!*heartbeats) {
      return registry.Read(call.AsReadCaller(), [&call](Result<const PointReads*> reads) {
        if (!reads.ok()) return call.Refuse(reads.error());
        const Result<WorkerView> worker = muster::GetWorker(**reads, call.request.worker_id());
        if (!worker.ok()) return call.Refuse(worker.error());
        ToProto(*worker, *call.response().mutable_worker());
        call.Reply();
      });
    }
    AnswerAside(ReadLane::kPoint, call, registry, [&call, &registry](const ScanReads& reads) {
      const auto found = GetWorkerWithHeartbeats(reads, registry, call.request.worker_id());
      if (!found.ok()) return call.Refuse(found.error());
      v1::Worker& out = *call.response().mutable_worker();
      ToProto(found->worker, out);
      ToProto(found->heartbeats, *out.mutable_heartbeats());
      call.Reply();
    });
  });
}

grpc::ServerUnaryReactor* QueriesService::ListWorkers(Context* context, const Bytes* received, Bytes* reply) {
  using Call = UnaryCall<v1::ListWorkersRequest, v1::ListWorkersResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    const Result<bool> heartbeats = WantsHeartbeats(call.request.view());
    if (!heartbeats.ok()) return call.Refuse(heartbeats.error());
    Result<WorkerFilter> filter = FilterFrom(call.request);
    if (!filter.ok()) return call.Refuse(filter.error());
    AnswerAside(
        ReadLane::kScan, call, registry,
        [&call, &registry, heartbeats = *heartbeats, filter = *std::move(filter)](const ScanReads& reads) {
          const PageRequest page{call.request.page_size(), call.request.page_token()};
          const Result<WorkerPage> workers =
              muster::ListWorkers(reads, filter, page, heartbeats ? kHeartbeatSummaryBytes : 0);
          if (!workers.ok()) return call.Refuse(workers.error());
          for (const WorkerView& worker : workers->workers) ToProto(worker, *call.response().add_workers());
          if (heartbeats) {
            const auto summaries = HeartbeatSummaries(reads, registry).Of(workers->workers);
            if (!summaries.ok()) return call.Refuse(summaries.error());
            for (std::size_t i = 0; i < summaries->size(); ++i) {
              ToProto((*summaries)[i],
                      *call.response().mutable_workers(static_cast<int>(i))->mutable_heartbeats());
            }
          }
          call.response().set_next_page_token(workers->next_page_token);
          call.Reply();
        });
  });
}

grpc::ServerUnaryReactor* QueriesService::GetLastHeartbeat(Context* context, const Bytes* received,
                                                           Bytes* reply) {
  using Call = UnaryCall<v1::GetLastHeartbeatRequest, v1::GetLastHeartbeatResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    registry.Read(call.AsReadCaller(), [&call](Result<const PointReads*> reads) {
      if (!reads.ok()) return call.Refuse(reads.error());
      const Result<WorkerView> worker = muster::GetWorker(**reads, call.request.worker_id());
      if (!worker.ok()) return call.Refuse(worker.error());
      const Pulse& pulse = worker->pulse;
      if (pulse.total > 0) {
        ToProto(HeartbeatRecord{pulse.total, pulse.last_at}, *call.response().mutable_heartbeat());
      }
      call.Reply();
    });
  });
}

grpc::ServerUnaryReactor* QueriesService::ListHeartbeats(Context* context, const Bytes* received,
                                                         Bytes* reply) {
  using Call = UnaryCall<v1::ListHeartbeatsRequest, v1::ListHeartbeatsResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    AnswerAside(ReadLane::kPoint, call, registry, [&call](const ScanReads& reads) {
      const PageRequest page{call.request.page_size(), call.request.page_token()};
      const Result<HeartbeatPage> found = muster::ListHeartbeats(reads, call.request.worker_id(), page);
      if (!found.ok()) return call.Refuse(found.error());
      for (const HeartbeatRecord& record : found->heartbeats)
        ToProto(record, *call.response().add_heartbeats());
      call.response().set_next_page_token(found->next_page_token);
      call.Reply();
    });
  });
}

grpc::ServerUnaryReactor* QueriesService::GetFleetSummary(Context* context, const Bytes* received,
                                                          Bytes* reply) {
  using Call = UnaryCall<v1::GetFleetSummaryRequest, v1::GetFleetSummaryResponse>;
  return Call::Begin(gate_, context, received, reply, [this](Call& call, Registry& registry) {
    AnswerAside(ReadLane::kScan, call, registry,
                [&call, &registry, &version = version_](const ScanReads& reads) {
                  const Result<FleetSummary> summary = SumUpFleet(reads, registry);
                  if (!summary.ok()) return call.Refuse(summary.error());
                  ToProto(*summary, call.response());
                  call.response().set_version(version);
                  call.Reply();
                });
  });
}

grpc::ServerUnaryReactor* QueriesService::ListEvents(Context* context, const Bytes* received, Bytes* reply) {
  using Call = UnaryCall<v1::ListEventsRequest, v1::ListEventsResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    AnswerAside(ReadLane::kScan, call, registry, [&call](const ScanReads& reads) {
      const v1::ListEventsRequest& request = call.request;
      const EventFilter filter{request.worker_id(), request.after_cursor(), request.newest_first()};
      const Result<EventPage> found =
          muster::ListEvents(reads, filter, {request.page_size(), request.page_token()});
      if (!found.ok()) return call.Refuse(found.error());
      for (const Event& event : found->events) ToProto(event, *call.response().add_events());
      call.response().set_next_page_token(found->next_page_token);
      call.Reply();
    });
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* QueriesService::WatchWorkers(Context*, const Bytes*) {
  return new UnimplementedStream;
}

}  // namespace muster::rpc

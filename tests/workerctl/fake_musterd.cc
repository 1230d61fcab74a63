#include "fake_musterd.h"

#include <algorithm>

#include "refusal.h"

namespace muster::ctl::testing {
namespace {

using grpc::ServerContext;
using grpc::Status;

Status NotFound(const std::string& id) {
  return Refusal(grpc::StatusCode::NOT_FOUND, "WORKER_NOT_FOUND",
                 "worker \"" + id + "\" is not on the roll: register it");
}

bool Matches(const v1::Worker& worker, const v1::ListWorkersRequest& request) {
  const auto& statuses = request.statuses();
  if (!statuses.empty() && std::find(statuses.begin(), statuses.end(), worker.status()) == statuses.end())
    return false;
  return std::all_of(request.metadata().begin(), request.metadata().end(), [&](const auto& entry) {
    const auto found = worker.metadata().find(entry.first);
    return found != worker.metadata().end() && found->second == entry.second;
  });
}

}  // namespace

FakeMusterd::FakeMusterd() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<v1::WorkerCommands::Service*>(this));
  builder.RegisterService(static_cast<v1::WorkerQueries::Service*>(this));
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeMusterd::~FakeMusterd() {
  server_->Shutdown();
}

Status FakeMusterd::RegisterWorker(ServerContext*, const v1::RegisterWorkerRequest* request,
                                   v1::RegisterWorkerResponse* response) {
  last_registration = *request;
  if (workers.contains(request->worker_id()) && !request->replace()) {
    return Refusal(grpc::StatusCode::ALREADY_EXISTS, "WORKER_ALREADY_EXISTS",
                   "worker \"" + request->worker_id() + "\" is registered already: choose another id");
  }
  v1::Worker& worker = workers[request->worker_id()];
  worker.set_id(request->worker_id());
  worker.set_region(request->region());
  worker.set_capacity(request->capacity());
  *worker.mutable_capabilities() = request->capabilities();
  *worker.mutable_metadata() = request->metadata();
  worker.set_instance_id(request->instance_id().empty() ? "made-up" : request->instance_id());
  worker.set_status(v1::WORKER_STATUS_PENDING);
  worker.set_revision(worker.revision() + 1);
  *response->mutable_worker() = worker;
  return Status::OK;
}

Status FakeMusterd::UnregisterWorker(ServerContext*, const v1::UnregisterWorkerRequest* request,
                                     v1::UnregisterWorkerResponse* response) {
  const auto found = workers.find(request->worker_id());
  if (found == workers.end()) return NotFound(request->worker_id());
  *response->mutable_worker() = found->second;
  workers.erase(found);
  return Status::OK;
}

bool FakeMusterd::Beat(const std::string& id) {
  const auto found = workers.find(id);
  if (found == workers.end()) return false;
  heard_[id] = true;
  found->second.mutable_last_heartbeat_at()->set_seconds(1'700'000'000);
  auto* heartbeats = found->second.mutable_heartbeats();
  heartbeats->set_total(heartbeats->total() + 1);
  return true;
}

Status FakeMusterd::Heartbeat(ServerContext*, const v1::HeartbeatRequest* request,
                              v1::HeartbeatResponse* response) {
  last_heartbeat = *request;
  ++beats_;
  if (on_heartbeat) {
    if (const auto refused = on_heartbeat(beats_)) return *refused;
  }
  if (!Beat(request->worker_id())) return NotFound(request->worker_id());
  response->set_status(workers[request->worker_id()].status());
  response->mutable_recorded_at()->set_seconds(1'700'000'000);
  response->mutable_next_interval()->set_seconds(next_interval_seconds);
  response->mutable_heartbeat_timeout()->set_seconds(60);
  return Status::OK;
}

Status FakeMusterd::BatchHeartbeat(ServerContext*, const v1::BatchHeartbeatRequest* request,
                                   v1::BatchHeartbeatResponse* response) {
  for (const auto& heartbeat : request->heartbeats()) {
    auto* result = response->add_results();
    const auto refused = refused_in_batches.find(heartbeat.worker_id());
    if (refused != refused_in_batches.end()) {
      *result->mutable_error() = refused->second;
    } else if (Beat(heartbeat.worker_id())) {
      result->set_status(workers[heartbeat.worker_id()].status());
    } else {
      result->mutable_error()->set_code(grpc::StatusCode::NOT_FOUND);
      result->mutable_error()->set_reason("WORKER_NOT_FOUND");
      result->mutable_error()->set_message("worker \"" + heartbeat.worker_id() +
                                           "\" is not on the roll: register it");
    }
  }
  response->mutable_recorded_at()->set_seconds(1'700'000'000);
  response->mutable_next_interval()->set_seconds(next_interval_seconds);
  return Status::OK;
}

Status FakeMusterd::UpdateWorkerStatus(ServerContext*, const v1::UpdateWorkerStatusRequest* request,
                                       v1::UpdateWorkerStatusResponse* response) {
  last_update = *request;
  const auto found = workers.find(request->worker_id());
  if (found == workers.end()) return NotFound(request->worker_id());
  found->second.set_status(request->status());
  *response->mutable_worker() = found->second;
  return Status::OK;
}

Status FakeMusterd::RunScheduler(ServerContext*, const v1::RunSchedulerRequest*,
                                 v1::RunSchedulerResponse* response) {
  const auto move = [&](v1::WorkerStatus from, v1::WorkerStatus to, bool heard, v1::JobResult* result) {
    for (auto& [id, worker] : workers) {
      if (worker.status() != from || heard_[id] != heard) continue;
      worker.set_status(to);
      result->set_moved(result->moved() + 1);
      result->add_worker_ids(id);
    }
  };
  if (!forgets_to_activate) {
    move(v1::WORKER_STATUS_PENDING, v1::WORKER_STATUS_ACTIVE, true, response->mutable_activation());
  }
  move(v1::WORKER_STATUS_ACTIVE, v1::WORKER_STATUS_OFFLINE, false, response->mutable_stale_detection());
  move(v1::WORKER_STATUS_OFFLINE, v1::WORKER_STATUS_ACTIVE, true, response->mutable_reactivation());
  heard_.clear();
  return Status::OK;
}

Status FakeMusterd::GetWorker(ServerContext*, const v1::GetWorkerRequest* request,
                              v1::GetWorkerResponse* response) {
  const auto found = workers.find(request->worker_id());
  if (found == workers.end()) return NotFound(request->worker_id());
  *response->mutable_worker() = found->second;
  return Status::OK;
}

Status FakeMusterd::ListWorkers(ServerContext*, const v1::ListWorkersRequest* request,
                                v1::ListWorkersResponse* response) {
  list_requests.push_back(*request);
  if (!request->page_token().empty() && refuse_lists_after_first_page) return *refuse_lists_after_first_page;
  const int page = request->page_size() == 0 ? largest_page : std::min(largest_page, request->page_size());
  auto at = request->page_token().empty() ? workers.begin() : workers.upper_bound(request->page_token());
  for (; at != workers.end(); ++at) {
    if (!Matches(at->second, *request)) continue;
    if (response->workers_size() == page) break;
    *response->add_workers() = at->second;
  }
  if (at != workers.end() && response->workers_size() > 0) {
    response->set_next_page_token(response->workers(response->workers_size() - 1).id());
  }
  return Status::OK;
}

Status FakeMusterd::GetFleetSummary(ServerContext*, const v1::GetFleetSummaryRequest*,
                                    v1::GetFleetSummaryResponse* response) {
  response->set_workers(static_cast<std::int64_t>(workers.size()));
  response->mutable_heartbeat_timeout()->set_nanos(1'000'000);
  response->mutable_listening()->set_listening(false);
  response->mutable_listening()->set_reason("the store cannot be written");
  response->set_job_failures(3);
  response->add_differing_settings("heartbeat_timeout: 2m here, 20s at musterd b");
  response->set_version("9.9.9");
  *response->mutable_health() = health;
  return Status::OK;
}

}  // namespace muster::ctl::testing

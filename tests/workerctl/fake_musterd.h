// A server with a small roll in memory, for the commands of workerctl: on a free port, answering by rules
// that a test sees at a glance. No clock: a worker is silent if it was not heard since the scheduler ran
// last.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "runtime/mutex.h"

namespace muster::ctl::testing {

class FakeMusterd final : private v1::WorkerCommands::Service, private v1::WorkerQueries::Service {
 public:
  FakeMusterd();
  ~FakeMusterd() override;

  const std::string& address() const { return address_; }

  // Set before a command runs; read after it.
  std::function<std::optional<grpc::Status>(int call)> on_heartbeat;  // refuses the n-th heartbeat, from 1
  std::map<std::string, v1::HeartbeatError> refused_in_batches;       // by worker
  std::optional<grpc::Status> refuse_lists_after_first_page;
  bool forgets_to_activate = false;
  int largest_page = 2;
  int next_interval_seconds = 7;
  std::vector<v1::ListWorkersRequest> list_requests;
  v1::HeartbeatRequest last_heartbeat;
  v1::UpdateWorkerStatusRequest last_update;
  v1::RegisterWorkerRequest last_registration;
  v1::DaemonHealth health;
  std::map<std::string, v1::Worker> workers;

 private:
  grpc::Status RegisterWorker(grpc::ServerContext*, const v1::RegisterWorkerRequest*,
                              v1::RegisterWorkerResponse*) override;
  grpc::Status UnregisterWorker(grpc::ServerContext*, const v1::UnregisterWorkerRequest*,
                                v1::UnregisterWorkerResponse*) override;
  grpc::Status Heartbeat(grpc::ServerContext*, const v1::HeartbeatRequest*, v1::HeartbeatResponse*) override;
  grpc::Status BatchHeartbeat(grpc::ServerContext*, const v1::BatchHeartbeatRequest*,
                              v1::BatchHeartbeatResponse*) override;
  grpc::Status UpdateWorkerStatus(grpc::ServerContext*, const v1::UpdateWorkerStatusRequest*,
                                  v1::UpdateWorkerStatusResponse*) override;
  grpc::Status RunScheduler(grpc::ServerContext*, const v1::RunSchedulerRequest*,
                            v1::RunSchedulerResponse*) override;
  grpc::Status GetWorker(grpc::ServerContext*, const v1::GetWorkerRequest*, v1::GetWorkerResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override;
  grpc::Status GetFleetSummary(grpc::ServerContext*, const v1::GetFleetSummaryRequest*,
                               v1::GetFleetSummaryResponse*) override;

  bool Beat(const std::string& id);

  int beats_ = 0;
  std::map<std::string, bool> heard_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace muster::ctl::testing

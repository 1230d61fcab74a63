#include "inspect.h"

#include <cstdio>
#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"
#include "muster/v1/queries.grpc.pb.h"

namespace muster::bench {
namespace {

bool Ok(const grpc::Status& status) {
  if (!status.ok()) std::fprintf(stderr, "muster_load: %s\n", status.error_message().c_str());
  return status.ok();
}

}  // namespace

std::optional<RegistryCount> CountRegistry(int port, bool add_up) {
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  const auto queries = v1::WorkerQueries::NewStub(channel);
  RegistryCount count;

  v1::GetFleetSummaryResponse summary;
  grpc::ClientContext summary_context;
  if (!Ok(queries->GetFleetSummary(&summary_context, {}, &summary))) return std::nullopt;
  count.workers = summary.workers();
  count.heartbeats_recorded = summary.heartbeats_recorded();
  if (!add_up) return count;

  v1::ListWorkersRequest request;
  request.set_page_size(1000);
  request.set_view(v1::WORKER_VIEW_HEARTBEATS);
  do {
    v1::ListWorkersResponse page;
    grpc::ClientContext context;
    if (!Ok(queries->ListWorkers(&context, request, &page))) return std::nullopt;
    for (const v1::Worker& worker : page.workers()) count.heartbeats_kept += worker.heartbeats().total();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return count;
}

}  // namespace muster::bench

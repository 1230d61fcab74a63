// The queries, as a client sees them.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "harness.h"
#include "runtime/health_metrics.h"
#include "runtime/log.h"

namespace muster::rpc {
namespace {

using Queries = v1::WorkerQueries::Stub;

std::string Ids(const v1::ListWorkersResponse& response) {
  std::string ids;
  for (const v1::Worker& worker : response.workers())
    absl::StrAppend(&ids, ids.empty() ? "" : " ", worker.id());
  return ids;
}

TEST_CASE("A worker is shown basic, or with a summary of its heartbeats") {
  Harness harness;
  harness.Register("w1");
  v1::GetWorkerRequest request;
  request.set_worker_id("w1");
  v1::GetWorkerResponse response;
  REQUIRE(harness.Call(&Queries::GetWorker, request, response).ok());
  CHECK_FALSE(response.worker().has_heartbeats());

  CHECK(harness.Get("w1").heartbeats().total() == 0);
  CHECK_FALSE(harness.Get("w1").heartbeats().has_silent_for());
  CHECK_FALSE(harness.Get("w1").heartbeats().fresh());

  for (int i = 0; i < 12; ++i) REQUIRE(harness.Beat("w1").ok());
  harness.Pass(absl::Seconds(1));
  const v1::Worker heard = harness.Get("w1");
  CHECK(heard.last_heartbeat_at().seconds() == 1'700'000'000);
  CHECK(heard.heartbeats().total() == 12);
  CHECK(heard.heartbeats().recent_size() == 10);
  CHECK(heard.heartbeats().fresh());
  CHECK(heard.heartbeats().has_silent_for());
  harness.Pass(absl::Seconds(5));
  CHECK_FALSE(harness.Get("w1").heartbeats().fresh());
}

TEST_CASE("Workers are listed by every filter, and page by page") {
  Harness harness;
  for (const char* id : {"a", "b", "c"}) {
    v1::RegisterWorkerRequest request = Registration(id);
    request.set_region(id[0] == 'c' ? "us" : "eu");
    request.add_capabilities(id[0] == 'a' ? "gpu" : "cpu");
    (*request.mutable_metadata())["rack"] = id;
    v1::RegisterWorkerResponse response;
    REQUIRE(harness.Call(&v1::WorkerCommands::Stub::RegisterWorker, request, response).ok());
  }
  REQUIRE(harness.Beat("b").ok());
  harness.RunJobs();

  const auto list = [&](const v1::ListWorkersRequest& request) {
    v1::ListWorkersResponse response;
    REQUIRE(harness.Call(&Queries::ListWorkers, request, response).ok());
    return response;
  };
  v1::ListWorkersRequest request;
  CHECK(Ids(list(request)) == "a b c");
  request.add_statuses(v1::WORKER_STATUS_ACTIVE);
  CHECK(Ids(list(request)) == "b");
  request.add_statuses(v1::WORKER_STATUS_UNSPECIFIED);  // any
  CHECK(Ids(list(request)) == "a b c");
  request.Clear();
  request.set_region("us");
  CHECK(Ids(list(request)) == "c");
  request.Clear();
  request.set_capability("cpu");
  CHECK(Ids(list(request)) == "b c");
  request.set_region("eu");
  CHECK(Ids(list(request)) == "b");
  request.Clear();
  (*request.mutable_metadata())["rack"] = "a";
  CHECK(Ids(list(request)) == "a");

  request.Clear();
  request.set_page_size(2);
  request.set_view(v1::WORKER_VIEW_HEARTBEATS);
  const v1::ListWorkersResponse first = list(request);
  CHECK(Ids(first) == "a b");
  CHECK(first.workers(1).heartbeats().total() == 1);
  REQUIRE_FALSE(first.next_page_token().empty());
  request.set_page_token(first.next_page_token());
  const v1::ListWorkersResponse second = list(request);
  CHECK(Ids(second) == "c");
  CHECK(second.next_page_token().empty());
}

TEST_CASE("The last heartbeat, and the history page by page") {
  Harness harness;
  harness.Register("w1");
  v1::GetLastHeartbeatRequest last;
  v1::GetLastHeartbeatResponse heartbeat;
  last.set_worker_id("w1");
  REQUIRE(harness.Call(&Queries::GetLastHeartbeat, last, heartbeat).ok());
  CHECK_FALSE(heartbeat.has_heartbeat());
  for (int i = 0; i < 3; ++i) REQUIRE(harness.Beat("w1").ok());
  REQUIRE(harness.Call(&Queries::GetLastHeartbeat, last, heartbeat).ok());
  CHECK(heartbeat.heartbeat().ordinal() == 3);
  CHECK(heartbeat.heartbeat().recorded_at().seconds() == 1'700'000'000);

  v1::ListHeartbeatsRequest request;
  v1::ListHeartbeatsResponse response;
  request.set_worker_id("w1");
  request.set_page_size(2);
  REQUIRE(harness.Call(&Queries::ListHeartbeats, request, response).ok());
  REQUIRE(response.heartbeats_size() == 2);
  CHECK(response.heartbeats(0).ordinal() == 3);
  CHECK(response.heartbeats(1).ordinal() == 2);
  request.set_page_token(response.next_page_token());
  REQUIRE(harness.Call(&Queries::ListHeartbeats, request, response).ok());
  REQUIRE(response.heartbeats_size() == 1);
  CHECK(response.heartbeats(0).ordinal() == 1);
}

TEST_CASE("Events: of one worker, after a cursor, either way") {
  Harness harness;
  harness.Register("a");
  harness.Register("b");
  REQUIRE(harness.Beat("a").ok());
  harness.RunJobs();
  v1::ListEventsRequest request;
  v1::ListEventsResponse response;
  REQUIRE(harness.Call(&Queries::ListEvents, request, response).ok());
  REQUIRE(response.events_size() == 3);
  CHECK(response.events(2).type() == v1::EVENT_TYPE_STATUS_CHANGED);
  CHECK(response.events(2).from_status() == v1::WORKER_STATUS_PENDING);
  CHECK(response.events(2).to_status() == v1::WORKER_STATUS_ACTIVE);
  CHECK(response.events(2).actor() == "job:activation");
  CHECK(response.events(2).worker_id() == "a");
  CHECK(response.events(2).region() == "eu");

  request.set_after_cursor(response.events(1).cursor());
  REQUIRE(harness.Call(&Queries::ListEvents, request, response).ok());
  CHECK(response.events_size() == 1);
  request.Clear();
  request.set_worker_id("a");
  request.set_newest_first(true);
  REQUIRE(harness.Call(&Queries::ListEvents, request, response).ok());
  REQUIRE(response.events_size() == 2);
  CHECK(response.events(0).cursor() > response.events(1).cursor());
}

TEST_CASE("The fleet summary has every number") {
  Harness harness;
  harness.Register("a");
  harness.Register("b");
  v1::HeartbeatRequest beat;
  beat.set_worker_id("a");
  beat.set_in_use(1);
  v1::HeartbeatResponse answer;
  REQUIRE(harness.Call(&v1::WorkerCommands::Stub::Heartbeat, beat, answer).ok());
  harness.RunJobs();

  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK(summary.workers() == 2);
  REQUIRE(summary.by_status_size() == 4);
  CHECK(summary.by_status(0).status() == v1::WORKER_STATUS_PENDING);
  CHECK(summary.by_status(0).workers() == 1);
  CHECK(summary.by_status(1).workers() == 1);
  REQUIRE(summary.by_region_size() == 1);
  CHECK(summary.by_region(0).region() == "eu");
  CHECK(summary.by_region(0).capacity() == 4);
  CHECK(summary.by_region(0).in_use() == 1);
  CHECK(summary.by_region(0).free_capacity() == 3);
  CHECK(summary.by_region(0).by_status_size() == 4);
  CHECK_FALSE(summary.by_region(0).held());
  CHECK(summary.heartbeats_recorded() == 1);
  CHECK(summary.heartbeat_timeout().seconds() == 3);
  CHECK(summary.advised_interval().nanos() == 500'000'000);
  CHECK_FALSE(summary.pacing_saturated());
  CHECK(summary.listening().listening());
  CHECK(summary.listening().reason().empty());
  CHECK(summary.has_detection());
  CHECK(summary.last_event_cursor() == 3);
  CHECK(summary.leads());
  CHECK(summary.job_failures() == 0);
  CHECK(summary.differing_settings().empty());
  CHECK(summary.started_at().seconds() == 1'700'000'000);
  CHECK(summary.version() == "9.8.7");
  const auto clock = [&summary] {
    return absl::Seconds(summary.listening().clock().seconds()) +
           absl::Nanoseconds(summary.listening().clock().nanos());
  };
  const absl::Duration before = clock();
  harness.Pass(absl::Seconds(2));
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK(clock() - before <= absl::Seconds(2));
  CHECK(clock() - before >= absl::Seconds(1.5));  // proven a tick later
}

TEST_CASE("The fleet summary counts detections and shows a held region") {
  Harness harness;
  for (int i = 0; i < 10; ++i) {
    harness.Register(absl::StrCat("w", i));
    REQUIRE(harness.Beat(absl::StrCat("w", i)).ok());
  }
  harness.RunJobs();
  harness.Pass(absl::Seconds(6));
  const v1::RunSchedulerResponse run = harness.RunJobs();
  CHECK(run.stale_detection().moved() == 0);
  REQUIRE(run.stale_detection().held_regions_size() == 1);

  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK(summary.by_region(0).held());
  CHECK(summary.by_region(0).held_for().seconds() >= 2);
  harness.Pass(absl::Seconds(4));
  harness.RunJobs();
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK_FALSE(summary.by_region(0).held());
  CHECK(summary.detection().offline_detected() == 10);
}

TEST_CASE("Queries go on while the store cannot be written") {
  Harness harness;
  harness.Register("w1");
  harness.store->full = true;
  CHECK_FALSE(harness.Beat("w1").ok());
  CHECK(harness.Get("w1").id() == "w1");
  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  CHECK_FALSE(summary.listening().listening());
  CHECK_FALSE(summary.listening().reason().empty());
  harness.store->full = false;
}

TEST_CASE("A worker that is not on the roll is NOT_FOUND for every query of one worker") {
  Harness harness;
  v1::GetWorkerRequest get;
  get.set_worker_id("nobody");
  v1::GetWorkerResponse worker;
  CHECK(Refusal::Of(harness.Call(&Queries::GetWorker, get, worker)).info.reason() == "WORKER_NOT_FOUND");
  v1::GetLastHeartbeatRequest last;
  last.set_worker_id("nobody");
  v1::GetLastHeartbeatResponse heartbeat;
  CHECK(Refusal::Of(harness.Call(&Queries::GetLastHeartbeat, last, heartbeat)).info.reason() ==
        "WORKER_NOT_FOUND");
  v1::ListHeartbeatsRequest list;
  list.set_worker_id("nobody");
  v1::ListHeartbeatsResponse history;
  CHECK(Refusal::Of(harness.Call(&Queries::ListHeartbeats, list, history)).info.reason() ==
        "WORKER_NOT_FOUND");
}

TEST_CASE("The summary shows what the daemon counted about itself, and leaves out what is zero") {
  Harness harness;
  v1::GetFleetSummaryResponse before;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), before).ok());
  for (const v1::BlindTime& each : before.health().blind()) CHECK(each.cause() != "store");

  batches_not_committed.Add(2, BatchFailure::kInDoubt);
  batches_not_committed.Add(3, BatchFailure::kFailed);
  blind_time.AddTime(absl::Milliseconds(1'500), BlindCause::kStoreAway);
  probe_latency_last.SetTime(absl::Milliseconds(4));
  probe_latency_worst.RaiseTime(absl::Seconds(7));
  connections_open.Set(5, Interface::kGrpc);
  connections_refused.Add(6, Interface::kHttp, ConnectionRefusal::kByAddress);
  database_log_bytes.Set(4'096);
  log_lines_lost.Add(8, LogLoss::kWriteFailed, LogLevel::kInfo);
  log_lines_lost.Add(1, LogLoss::kWriteFailed, LogLevel::kError);
  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&Queries::GetFleetSummary, v1::GetFleetSummaryRequest(), summary).ok());
  const v1::DaemonHealth& health = summary.health();
  CHECK(health.in_doubt_batches() - before.health().in_doubt_batches() == 2);
  CHECK(health.failed_batches() - before.health().failed_batches() == 3);
  REQUIRE(health.blind_size() == before.health().blind_size() + 1);
  CHECK(health.blind(health.blind_size() - 1).cause() == "store");
  CHECK(health.blind(health.blind_size() - 1).duration().nanos() == 500'000'000);
  CHECK(health.probe_latency().nanos() == 4'000'000);
  CHECK(health.worst_probe_latency().seconds() == 7);
  REQUIRE(health.open_connections_size() == 1);
  CHECK(health.open_connections(0).interface() == "grpc");
  CHECK(health.open_connections(0).connections() == 5);
  REQUIRE(health.refused_connections_size() == 1);
  CHECK(health.refused_connections(0).interface() == "http");
  CHECK(health.refused_connections(0).cause() == "by_address");
  CHECK(health.refused_connections(0).connections() == 6);
  CHECK(health.database_log_bytes() == 4'096);
  REQUIRE(health.lost_log_lines_size() == before.health().lost_log_lines_size() + 1);
  CHECK(health.lost_log_lines(health.lost_log_lines_size() - 1).cause() == "write_failed");
  CHECK(health.lost_log_lines(health.lost_log_lines_size() - 1).lines() == 9);
}

TEST_CASE("The watch says that it is not implemented yet") {
  Harness harness;
  grpc::ClientContext context;
  const auto stream = harness.queries->WatchWorkers(&context, v1::WatchWorkersRequest());
  v1::WatchWorkersResponse response;
  CHECK_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  CHECK(status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  CHECK(status.error_message().find("ListEvents") != std::string::npos);
}

}  // namespace
}  // namespace muster::rpc

// The queries, with their filters and pages.
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "runtime/health_metrics.h"
#include "runtime/log.h"
#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

using nlohmann::json;

/// Workers a to e: in two regions, with and without a rack, with every status except Failed.
void Populate(Client& client) {
  const auto add = [&client](const char* id, const char* region, const json& capabilities,
                             const json& metadata) {
    REQUIRE(client
                .Json("POST /workers", {{"id", id},
                                        {"region", region},
                                        {"capacity", 2},
                                        {"capabilities", capabilities},
                                        {"metadata", metadata}})
                .status() == 201);
  };
  add("a", "eu", {"gpu", "avx"}, {{"rack", "r1"}, {"zone", "z1"}});
  add("b", "eu", {"avx"}, {{"rack", "r2"}});
  add("c", "us", {"gpu"}, {{"rack", "r1"}});
  add("d", "us", json::array(), json::object());
  add("e", "eu", {"gpu"}, {{"rack", "r1"}});
  REQUIRE(client.Json("PUT /workers/a/status", {{"status", "Active"}}).status() == 200);
  REQUIRE(client.Json("PUT /workers/c/status", {{"status", "Active"}}).status() == 200);
  REQUIRE(client.Json("PUT /workers/e/status", {{"status", "Active"}}).status() == 200);
  REQUIRE(client.Json("PUT /workers/e/status", {{"status", "Offline"}}).status() == 200);
}

std::string Ids(const Got& got) {
  INFO(got.body.dump());
  CHECK(got.status() == 200);
  std::string ids;
  for (const json& worker : got.body["workers"]) ids += worker["id"].get<std::string>();
  return ids;
}

TEST_CASE("Workers are found by status, region, capability and metadata, and by all of them together") {
  Client client;
  Populate(client);
  CHECK(Ids(client.Send("GET /workers")) == "abcde");
  CHECK(Ids(client.Send("GET /workers/active")) == "ac");
  CHECK(Ids(client.Send("GET /workers?status=Active")) == "ac");
  CHECK(Ids(client.Send("GET /workers?status=Active&status=Offline")) == "ace");
  CHECK(Ids(client.Send("GET /workers?status=Active,Offline")) == "ace");
  CHECK(Ids(client.Send("GET /workers?region=us")) == "cd");
  CHECK(Ids(client.Send("GET /workers?capability=gpu")) == "ace");
  CHECK(Ids(client.Send("GET /workers?metadata.rack=r1")) == "ace");
  CHECK(Ids(client.Send("GET /workers?metadata=rack=r1")) == "ace");
  CHECK(Ids(client.Send("GET /workers?metadata=rack%3Dr1&metadata.zone=z1")) == "a");
  CHECK(Ids(client.Send("GET /workers?status=Active&region=us&capability=gpu&metadata.rack=r1")) == "c");
  CHECK(Ids(client.Send("GET /workers?region=nowhere")).empty());
}

TEST_CASE("Pages show every worker once") {
  Client client;
  Populate(client);
  std::string seen;
  std::string token;
  int pages = 0;
  do {
    const Got page = client.Send("GET /workers?pageSize=2&pageToken=" + token);
    seen += Ids(page);
    token = page.body["nextPageToken"].get<std::string>();
    ++pages;
  } while (!token.empty());
  CHECK(seen == "abcde");
  CHECK(pages == 3);
  const Got first = client.Send("GET /workers/active?pageSize=1");
  CHECK(Ids(first) == "a");
  token = first.body["nextPageToken"];
  CHECK(Ids(client.Send("GET /workers/active?pageSize=1&pageToken=" + token)) == "c");
  // There are two routes, but one query: the token belongs to the filter.
  CHECK(Ids(client.Send("GET /workers?status=Active&pageToken=" + token)) == "c");
  CHECK(client.Send("GET /workers?pageToken=" + token).field() == "pageToken");
}

TEST_CASE("A worker has a tag, and is not sent again to a client that has it") {
  Client client;
  client.Register("w");
  const Got first = client.Send("GET /workers/w");
  const std::string tag = first.Header("ETag");
  const Got second = client.Send("GET /workers/w", "", {{"if-none-match", tag}});
  CHECK(second.status() == 304);
  CHECK(second.Header("ETag") == tag);
  CHECK(second.response.body.empty());
  REQUIRE(client.Json("PUT /workers/w/status", {{"status", "Active"}}).status() == 200);
  CHECK(client.Send("GET /workers/w", "", {{"if-none-match", tag}}).status() == 200);
  CHECK(client.Send("GET /workers/ghost", "", {{"if-none-match", "*"}}).status() == 404);
}

TEST_CASE("A worker with its heartbeat data") {
  Client client;
  client.Register("w");
  json silent = {{"total", 0}, {"silentFor", nullptr}, {"fresh", false}, {"recent", json::array()}};
  CHECK(client.Send("GET /workers/w/metadata").body["heartbeats"] == silent);
  for (int i = 0; i < 12; ++i) REQUIRE(client.Send("POST /workers/w/heartbeat").status() == 200);
  client.Pass(absl::Seconds(2));
  const json worker = client.Send("GET /workers/w/metadata").body;
  CHECK(worker["id"] == "w");
  CHECK(worker["heartbeats"]["total"] == 12);
  CHECK(worker["heartbeats"]["fresh"] == true);
  CHECK(worker["heartbeats"]["recent"].size() == 10);
  CHECK(worker["heartbeats"]["silentFor"] == "2s");
  CHECK(client.Send("GET /workers?view=heartbeats").body["workers"][0] == worker);
  CHECK(client.Send("GET /workers?view=basic").body["workers"][0].count("heartbeats") == 0);
  CHECK(client.Send("GET /workers/ghost/metadata").status() == 404);
}

TEST_CASE("The history is paged, newest first") {
  Client client;
  client.Register("w");
  for (int i = 0; i < 5; ++i) REQUIRE(client.Send("POST /workers/w/heartbeat").status() == 200);
  std::vector<int> seen;
  std::string token;
  do {
    const Got page = client.Send("GET /workers/w/heartbeats?pageSize=2&pageToken=" + token);
    for (const json& each : page.body["heartbeats"]) seen.push_back(each["ordinal"]);
    token = page.body["nextPageToken"].get<std::string>();
  } while (!token.empty());
  CHECK(seen == std::vector<int>{5, 4, 3, 2, 1});
  const Got last = client.Send("GET /workers/w/heartbeats/last");
  CHECK(last.body["heartbeat"] == json({{"recordedAt", "2023-11-14T22:13:20.000000Z"}, {"ordinal", 5}}));
  CHECK(client.Send("GET /workers/ghost/heartbeats").reason() == "WORKER_NOT_FOUND");
  CHECK(client.Send("GET /workers/ghost/heartbeats/last").reason() == "WORKER_NOT_FOUND");
}

TEST_CASE("Events say what happened, after the cursor of the client") {
  Client client;
  Populate(client);
  const json all = client.Send("GET /events").body["events"];
  REQUIRE(all.size() == 9);
  CHECK(all[0]["type"] == "registered");
  CHECK(all[0]["workerId"] == "a");
  CHECK(all[0]["fromStatus"].is_null());
  CHECK(all[0]["toStatus"] == "Pending");
  CHECK(all[8]["type"] == "status-changed");
  CHECK(all[8]["fromStatus"] == "Active");
  CHECK(all[8]["toStatus"] == "Offline");
  CHECK(client.Send("GET /events?after=7").body["events"].size() == 2);
  CHECK(client.Send("GET /events?workerId=e").body["events"].size() == 3);
  CHECK(client.Send("GET /events?newestFirst=true&pageSize=1").body["events"][0]["cursor"] == 9);
  CHECK(client.Send("GET /events?workerId=no%20id").field() == "workerId");
  CHECK(client.Send("GET /events?after=-1").field() == "after");
  CHECK(client.Send("GET /events?newestFirst=perhaps").field() == "newestFirst");
}

TEST_CASE("The fleet in numbers") {
  Client client;
  Populate(client);
  REQUIRE(client.Json("POST /workers/a/heartbeat", {{"inUse", 1}}).status() == 200);
  const json summary = client.Send("GET /summary").body;
  CHECK(summary["workers"] == 5);
  CHECK(summary["byStatus"] == json({{"Pending", 2}, {"Active", 2}, {"Offline", 1}, {"Failed", 0}}));
  REQUIRE(summary["byRegion"].size() == 2);
  CHECK(summary["byRegion"][0]["region"] == "eu");
  CHECK(summary["byRegion"][0]["byStatus"]["Active"] == 1);
  CHECK(summary["byRegion"][0]["capacity"] == 2);
  CHECK(summary["byRegion"][0]["inUse"] == 1);
  CHECK(summary["byRegion"][0]["freeCapacity"] == 1);
  CHECK(summary["byRegion"][0]["held"] == false);
  CHECK(summary["byRegion"][0]["heldFor"].is_null());
  CHECK(summary["heartbeatTimeout"] == "30s");
  CHECK(summary["advisedInterval"] == "5s");
  CHECK(summary["lastEventCursor"] == 9);
  CHECK(summary["leads"] == true);
  CHECK(summary["jobFailures"] == 0);
  CHECK(summary["differingSettings"].empty());
  CHECK(summary["listening"]["listening"] == true);
  CHECK(summary["version"] == "9.8.7");
}

TEST_CASE("The summary shows what the daemon counted about itself, and leaves out what is zero") {
  Client client;
  const json before = client.Send("GET /summary").body["health"];
  CHECK(before["blind"] == json::array());
  CHECK(before["probeLatency"] == "0s");
  batches_not_committed.Add(2, BatchFailure::kInDoubt);
  batches_not_committed.Add(3, BatchFailure::kFailed);
  blind_time.AddTime(absl::Milliseconds(1'500), BlindCause::kStoreAway);
  probe_latency_last.SetTime(absl::Milliseconds(4));
  probe_latency_worst.RaiseTime(absl::Seconds(7));
  connections_open.Set(5, Interface::kHttp);
  connections_refused.Add(6, Interface::kGrpc, ConnectionRefusal::kInAll);
  database_log_bytes.Set(4'096);
  log_lines_lost.Add(8, LogLoss::kWriteFailed, LogLevel::kInfo);
  const json health = client.Send("GET /summary").body["health"];
  CHECK(health["inDoubtBatches"].get<int>() - before["inDoubtBatches"].get<int>() == 2);
  CHECK(health["failedBatches"].get<int>() - before["failedBatches"].get<int>() == 3);
  CHECK(health["blind"] == json({{{"cause", "store"}, {"duration", "1.5s"}}}));
  CHECK(health["probeLatency"] == "0.004s");
  CHECK(health["worstProbeLatency"] == "7s");
  CHECK(health["openConnections"] == json({{{"interface", "http"}, {"connections", 5}}}));
  CHECK(health["refusedConnections"] ==
        json({{{"interface", "grpc"}, {"cause", "in_all"}, {"connections", 6}}}));
  CHECK(health["databaseLogBytes"] == 4'096);
  CHECK(health["lostLogLines"].back() == json({{"cause", "write_failed"}, {"lines", 8}}));
}

}  // namespace
}  // namespace muster::http

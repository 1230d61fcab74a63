// Register, status, unregister and the scheduler, as a client sees them.
#include <string>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

using nlohmann::json;

const json kWorker1 = {{"id", "worker-1"},
                       {"region", "us-east-1"},
                       {"capacity", 10},
                       {"capabilities", {"storage", "compute"}},
                       {"metadata", {{"datacenter", "dc-1"}}},
                       {"instanceId", "one"}};

TEST_CASE("A worker is registered with the values of its request") {
  Client client;
  const Got got = client.Json("POST /workers", kWorker1);
  CHECK(got.status() == 201);
  CHECK(got.Header("Location") == "/workers/worker-1");
  CHECK(got.Header("ETag") == "\"" + std::to_string(got.body["revision"].get<int>()) + "\"");
  CHECK(got.body["status"] == "Pending");
  CHECK(got.body["region"] == "us-east-1");
  CHECK(got.body["capacity"] == 10);
  CHECK(got.body["capabilities"] == json({"compute", "storage"}));
  CHECK(got.body["metadata"] == json({{"datacenter", "dc-1"}}));
  CHECK(got.body["lastHeartbeatAt"].is_null());
  CHECK(client.Send("GET /workers/worker-1").body == got.body);
  CHECK(client.Send("GET /events").body["events"][0]["actor"] == "192.0.2.1:40312");
}

TEST_CASE("A registration without an instance gets a name of its own") {
  Client client;
  const auto one = client.Register("a")["instanceId"].get<std::string>();
  CHECK(one.size() == 32);
  CHECK(client.Register("b")["instanceId"] != one);
}

TEST_CASE("A retry gets the existing worker; another instance must ask to replace it") {
  Client client;
  const Got first = client.Json("POST /workers", kWorker1);
  const Got again = client.Json("POST /workers", kWorker1);
  CHECK(again.status() == 200);
  CHECK(again.body == first.body);

  json other = kWorker1;
  other["instanceId"] = "two";
  const Got taken = client.Json("POST /workers", other);
  CHECK(taken.status() == 409);
  CHECK(taken.reason() == "WORKER_ALREADY_EXISTS");

  other["replace"] = true;
  const Got replaced = client.Json("POST /workers", other);
  CHECK(replaced.status() == 200);
  CHECK(replaced.body["instanceId"] == "two");
  CHECK(replaced.Header("ETag") != first.Header("ETag"));
  const Got old = client.Json("POST /workers/worker-1/heartbeat", {{"instanceId", "one"}});
  CHECK(old.status() == 409);
  CHECK(old.reason() == "INSTANCE_SUPERSEDED");
}

TEST_CASE("A status is set by hand if the worker is as the caller expects") {
  Client client;
  client.Register("w");
  const Got moved = client.Json("PUT /workers/w/status",
                                {{"status", "Active"}, {"expectedStatus", "Pending"}, {"reason", "ready"}});
  CHECK(moved.status() == 200);
  CHECK(moved.body["status"] == "Active");
  CHECK(moved.body["statusReason"] == "ready");
  CHECK(moved.Header("ETag") == "\"" + std::to_string(moved.body["revision"].get<int>()) + "\"");

  const std::string before = client.Everything();
  const Got missed =
      client.Json("PUT /workers/w/status", {{"status", "Failed"}, {"expectedStatus", "Pending"}});
  CHECK(missed.status() == 409);
  CHECK(missed.reason() == "INVALID_WORKER_STATE");
  CHECK(missed.body["actual"] == "status Active");
  CHECK(missed.body["expected"] == "status Pending");
  const Got late = client.Json("PUT /workers/w/status", {{"status", "Failed"}, {"expectedRevision", 1}});
  CHECK(late.status() == 409);
  CHECK(late.body["expected"] == "revision 1");
  const Got illegal = client.Json("PUT /workers/w/status", {{"status", "Pending"}});
  CHECK(illegal.status() == 409);
  CHECK(illegal.reason() == "INVALID_STATE_TRANSITION");
  CHECK(illegal.body["from"] == "Active");
  CHECK(client.Everything() == before);
}

TEST_CASE("The body that curl -d sends is read as JSON") {
  Client client;
  client.Register("w");
  const Fields curls = {{"content-type", "application/x-www-form-urlencoded"}};
  CHECK(client.Send("PUT /workers/w/status", R"({"status":"Active","expectedStatus":"Pending"})", curls)
            .status() == 200);
  CHECK(client.Send("PUT /workers/w/status", R"({"status":"Offline"})").status() == 200);
  CHECK(client
            .Send("PUT /workers/w/status", R"({"status":"Active"})",
                  {{"content-type", "Application/JSON ; charset=utf-8"}})
            .status() == 200);
}

TEST_CASE("If-Match and the change are decided together") {
  Client client;
  const json worker = client.Register("w");
  const std::string tag = client.Send("GET /workers/w").Header("ETag");
  const json active = {{"status", "Active"}};

  const std::string before = client.Everything();
  for (const char* wrong : {"\"999\"", "W/\"1\"", "\"one\", \"other\""}) {
    const Got missed = client.Json("PUT /workers/w/status", active, {{"if-match", wrong}});
    CHECK(missed.status() == 412);
    CHECK(missed.reason() == "PRECONDITION_FAILED");
    CHECK(client.Send("DELETE /workers/w", "", {{"if-match", wrong}}).status() == 412);
  }
  CHECK(client.Json("PUT /workers/w/status", active, {{"if-match", "7"}}).field() == "If-Match");
  CHECK(client.Everything() == before);

  CHECK(client.Json("PUT /workers/w/status", active, {{"if-match", "\"999\", " + tag}}).status() == 200);
  // The tag is out of date now. A wrong expectation in the body is still a conflict.
  CHECK(client.Json("PUT /workers/w/status", active, {{"if-match", tag}}).status() == 412);
  CHECK(
      client
          .Json("PUT /workers/w/status", {{"status", "Failed"}, {"expectedRevision", 1}}, {{"if-match", "*"}})
          .status() == 409);
  CHECK(client.Send("DELETE /workers/ghost", "", {{"if-match", "*"}}).status() == 404);
  CHECK(client.Send("DELETE /workers/w", "", {{"if-match", "*"}}).status() == 204);
}

TEST_CASE("An unregistered worker is gone, but its events stay") {
  Client client;
  client.Register("w");
  const Got gone = client.Send("DELETE /workers/w");
  CHECK(gone.status() == 204);
  CHECK(gone.response.body.empty());
  CHECK(gone.response.content_type.empty());
  const Got missing = client.Send("DELETE /workers/w");
  CHECK(missing.status() == 404);
  CHECK(missing.reason() == "WORKER_NOT_FOUND");
  CHECK(missing.body["workerId"] == "w");
  CHECK(client.Send("GET /events?workerId=w").body["events"].size() == 2);
}

TEST_CASE("The scheduler runs all three jobs and reports the workers that each moved") {
  Client client;
  client.Register("a");
  client.Register("b");
  CHECK(client.Send("POST /workers/a/heartbeat").status() == 200);
  const Got ran = client.Send("POST /scheduler/run");
  CHECK(ran.status() == 200);
  CHECK(ran.body["activation"] == json({{"moved", 1}, {"workerIds", {"a"}}, {"heldRegions", json::array()}}));
  CHECK(ran.body["staleDetection"]["moved"] == 0);
  CHECK(ran.body["reactivation"]["moved"] == 0);
  CHECK(client.Send("POST /scheduler/run", "{}").status() == 200);
}

TEST_CASE("While the disk is full, commands are refused and have no effect") {
  Client client;
  client.Register("w");
  const std::string before = client.Everything();
  client.disk.away = true;
  const Got refused = client.Send("POST /workers/w/heartbeat");
  CHECK(refused.status() == 503);
  CHECK(refused.reason() == "STORE_UNAVAILABLE");
  CHECK(refused.Header("Retry-After") == "1");
  CHECK(client.Json("POST /workers", {{"id", "x"}, {"region", "eu"}, {"capacity", 1}}).status() == 503);
  CHECK(client.Json("POST /heartbeats", {{"heartbeats", {{{"id", "w"}}}}}).status() == 503);
  CHECK(client.Everything() == before);
}

}  // namespace
}  // namespace muster::http

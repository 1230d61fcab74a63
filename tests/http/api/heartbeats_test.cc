// Heartbeats, one by one and in batches.
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

using nlohmann::json;

TEST_CASE("A heartbeat without a body is recorded, and the answer says when the next is due") {
  Client client;
  client.Register("w");
  const Got got = client.Send("POST /workers/w/heartbeat");
  CHECK(got.status() == 200);
  CHECK(got.body["status"] == "Pending");
  CHECK(got.body["recordedAt"] == "2023-11-14T22:13:20.000000Z");
  CHECK(got.body["heartbeatTimeout"] == "30s");
  const std::string next = got.body["nextInterval"];
  CHECK(next.back() == 's');
  CHECK(std::stod(next) >= 4.5);
  CHECK(std::stod(next) <= 5.5);
  CHECK(client.Send("GET /workers/w").body["lastHeartbeatAt"] == got.body["recordedAt"]);
}

TEST_CASE("A heartbeat may name its instance and how much is in use") {
  Client client;
  client.Register("w", "one");
  CHECK(client.Json("POST /workers/w/heartbeat", {{"instanceId", "one"}, {"inUse", 3}}).status() == 200);
  CHECK(client.Send("GET /workers/w").body["inUse"] == 3);
  CHECK(client.Json("POST /workers/w/heartbeat", {{"instanceId", "two"}}).reason() == "INSTANCE_SUPERSEDED");
  CHECK(client.Json("POST /workers/w/heartbeat", {{"inUse", -1}}).field() == "inUse");
  CHECK(client.Json("POST /workers/ghost/heartbeat", json::object()).reason() == "WORKER_NOT_FOUND");
  CHECK(client.Send("GET /workers/w/heartbeats").body["heartbeats"].size() == 1);
  CHECK(client.Send("GET /summary").body["heartbeatsRecorded"] == 1);
}

TEST_CASE("A batch answers each heartbeat, in order") {
  Client client;
  client.Register("a", "one");
  client.Register("b");
  const Got got = client.Json("POST /heartbeats", {{"heartbeats",
                                                    {{{"id", "a"}, {"instanceId", "one"}, {"inUse", 2}},
                                                     {{"id", "ghost"}},
                                                     {{"id", "a"}, {"instanceId", "two"}},
                                                     {{"id", "no id"}},
                                                     {{"id", "b"}}}}});
  CHECK(got.status() == 200);
  const json& results = got.body["results"];
  REQUIRE(results.size() == 5);
  CHECK(results[0] == json({{"id", "a"}, {"status", "Pending"}, {"error", nullptr}}));
  CHECK(results[1]["id"] == "ghost");
  CHECK(results[1]["status"].is_null());
  CHECK(results[1]["error"]["reason"] == "WORKER_NOT_FOUND");
  CHECK(results[1]["error"]["status"] == 404);
  CHECK(results[2]["error"]["reason"] == "INSTANCE_SUPERSEDED");
  CHECK(results[3]["error"]["errors"][0]["field"] == "heartbeats[3].id");
  CHECK(results[4]["status"] == "Pending");
  CHECK(got.body["heartbeatTimeout"] == "30s");
  CHECK(client.Send("GET /summary").body["heartbeatsRecorded"] == 2);
}

TEST_CASE("A batch contains 1 to 1000 heartbeats") {
  Client client;
  client.Register("w");
  const auto batch = [&client](int size) {
    json beats = json::array();
    for (int i = 0; i < size; ++i) beats.push_back({{"id", "w"}});
    return client.Json("POST /heartbeats", {{"heartbeats", beats}});
  };
  CHECK(batch(0).field() == "heartbeats");
  CHECK(batch(1001).field() == "heartbeats");
  CHECK(client.Send("POST /heartbeats").field() == "heartbeats");
  CHECK(client.Send("GET /workers/w/heartbeats/last").body["heartbeat"].is_null());
  CHECK(batch(1000).body["results"].size() == 1000);
  CHECK(client.Send("GET /workers/w/heartbeats/last").body["heartbeat"]["ordinal"] == 1000);
}

TEST_CASE("A batch is refused as a whole if one entry cannot be read") {
  Client client;
  client.Register("w");
  const std::string before = client.Everything();
  const auto field = [&client](const json& second) {
    return client.Json("POST /heartbeats", {{"heartbeats", {{{"id", "w"}}, second}}}).field();
  };
  CHECK(field("w") == "heartbeats[1]");
  CHECK(field({{"id", 7}}) == "heartbeats[1].id");
  CHECK(field({{"id", "w"}, {"inUse", "much"}}) == "heartbeats[1].inUse");
  CHECK(field({{"id", "w"}, {"worker_id", "w"}}) == "heartbeats[1].worker_id");
  CHECK(client.Everything() == before);
}

}  // namespace
}  // namespace muster::http

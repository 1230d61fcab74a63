// The daemon's own heartbeats: answered like those of workers, and seen nowhere.
#include <string>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

using nlohmann::json;

TEST_CASE("A heartbeat of the probe is answered like that of an active worker, and remembered by its token") {
  Client client;
  const std::string path = "POST /workers/" + client.registry().probe_id() + "/heartbeat";
  const Got got = client.Json(path, {{"instanceId", "token"}});
  CHECK(got.status() == 200);
  CHECK(got.body["status"] == "Active");
  CHECK(got.body.contains("nextInterval"));
  CHECK(got.body["heartbeatTimeout"] == "30s");
  CHECK_FALSE(client.registry().TakeProbe("another"));
  CHECK(client.registry().TakeProbe("token"));
}

TEST_CASE("A heartbeat of the probe changes nothing that a client can see") {
  Client client;
  client.Register("w");
  client.Send("POST /workers/w/heartbeat");
  const std::string before = client.Everything();
  const std::string path = "POST /workers/" + client.registry().probe_id() + "/heartbeat";
  for (int i = 0; i < 3; ++i) CHECK(client.Json(path, {{"instanceId", "token"}}).status() == 200);
  CHECK(client.Everything() == before);
  CHECK(client.Send("GET /summary").body["heartbeatsRecorded"] == 1);
}

TEST_CASE("On every other route the probe's id is an illegal one") {
  Client client;
  const std::string id = client.registry().probe_id();
  CHECK(client.Json("POST /workers", {{"id", id}, {"region", "eu"}, {"capacity", 1}}).status() == 400);
  CHECK(client.Json("PUT /workers/" + id + "/status", {{"status", "Active"}}).status() == 400);
  for (const char* route : {"GET /workers/", "DELETE /workers/"}) {
    INFO(route);
    CHECK(client.Send(route + id).status() == 400);
  }
  for (const char* rest : {"/metadata", "/heartbeats", "/heartbeats/last"}) {
    INFO(rest);
    CHECK(client.Send("GET /workers/" + id + rest).status() == 400);
  }
  const Got batch =
      client.Json("POST /heartbeats", {{"heartbeats", {{{"id", id}, {"instanceId", "in a batch"}}}}});
  CHECK(batch.body["results"][0]["error"]["status"] == 400);
  CHECK_FALSE(client.registry().TakeProbe("in a batch"));
}

TEST_CASE("An id that begins like the probe's is answered like any illegal one") {
  Client client;
  std::string other = client.registry().probe_id();
  other.back() = other.back() == '0' ? '1' : '0';
  const Got guessed = client.Json("POST /workers/" + other + "/heartbeat", {{"instanceId", "token"}});
  CHECK(guessed.status() == 400);
  CHECK(guessed.field() == "id");
  CHECK_FALSE(client.registry().TakeProbe("token"));
}

}  // namespace
}  // namespace muster::http

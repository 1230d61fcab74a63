// Before there is a roll, and when there is none any more.
#include <optional>
#include <string>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

TEST_CASE("Until it serves, it says that it is starting") {
  Client client(Client::Begin::kStarting);
  for (const char* request : {"GET /workers", "POST /workers/w/heartbeat", "GET /summary", "GET /readyz"}) {
    INFO(request);
    const Got got = client.Send(request);
    CHECK(got.status() == 503);
    CHECK(got.reason() == "STORE_UNAVAILABLE");
    CHECK(got.body["detail"].get<std::string>().find("starting") != std::string::npos);
    CHECK(got.Header("Retry-After") == "1");
  }
  CHECK(client.Send("GET /healthz").status() == 200);
  CHECK(client.Send("GET /openapi.json").status() == 200);
  client.Serve();
  CHECK(client.Send("GET /readyz").status() == 200);
  CHECK(client.Send("GET /workers").status() == 200);
}

TEST_CASE("While the store cannot be written it is alive, and not ready") {
  Client client;
  client.Register("w");
  client.disk.away = true;
  CHECK(client.Send("POST /workers/w/heartbeat").status() == 503);
  const Got unready = client.Send("GET /readyz");
  CHECK(unready.status() == 503);
  CHECK(unready.body["detail"].get<std::string>().find("cannot be written") != std::string::npos);
  CHECK(client.Send("GET /healthz").body["status"] == "alive");
  CHECK(client.Send("GET /workers/w").status() == 200);
  client.disk.away = false;
  CHECK(client.Send("POST /workers/w/heartbeat").status() == 200);
  CHECK(client.Send("GET /readyz").body["status"] == "ready");
}

TEST_CASE("What is under way when it drains is finished, and nothing more is let in") {
  Client client;
  client.Register("w");
  std::optional<Got> under_way;
  client.Begun("POST /workers/w/heartbeat", "", under_way);
  client.Drain();
  REQUIRE(under_way.has_value());
  CHECK(under_way->status() == 200);
  const Got late = client.Send("POST /workers/w/heartbeat");
  CHECK(late.status() == 503);
  CHECK(late.body["detail"].get<std::string>().find("stopping") != std::string::npos);
  CHECK(client.Send("GET /readyz").status() == 503);
  CHECK(client.Send("GET /healthz").status() == 200);
}

}  // namespace
}  // namespace muster::http

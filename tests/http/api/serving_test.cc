// Requests before there is a roll, and when it is gone.
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

TEST_CASE("Until the daemon serves, it answers that it is starting") {
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

TEST_CASE("While the store cannot be written, the daemon is alive but not ready") {
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
  client.Pass(absl::Seconds(1));  // it hears itself again
  CHECK(client.Send("GET /readyz").body["status"] == "ready");
}

TEST_CASE("During a drain, requests under way are finished, and new ones are refused") {
  Client client;
  client.Register("w");
  std::future<Response> under_way = client.Ask("POST /workers/w/heartbeat");
  client.Drain();
  CHECK(client.Await(std::move(under_way)).status() == 200);
  const Got late = client.Send("POST /workers/w/heartbeat");
  CHECK(late.status() == 503);
  CHECK(late.body["detail"].get<std::string>().find("stopping") != std::string::npos);
  CHECK(client.Send("GET /readyz").status() == 503);
  CHECK(client.Send("GET /healthz").status() == 200);
}

TEST_CASE("While the writer is stuck, the daemon is alive, but not ready after two seconds") {
  Client client;
  client.Register("w");
  client.clock.Advance(absl::Seconds(2));
  CHECK(client.Ready().status() == 200);  // a slow disk is not a disk that hangs
  client.clock.Advance(absl::Milliseconds(500));
  const Got unready = client.Ready();
  CHECK(unready.status() == 503);
  CHECK(unready.reason() == "STORE_UNAVAILABLE");
  CHECK(unready.body["detail"].get<std::string>().find("the writer has been stuck for 2.5s") !=
        std::string::npos);
  client.Turn();
  CHECK(client.Ready().status() == 200);
}

// With a disk that does not answer, all of these slow reads hang.

constexpr std::array kSlow = {"GET /workers",
                              "GET /workers?view=heartbeats&region=nowhere",
                              "GET /workers/active",
                              "GET /workers/w/metadata",
                              "GET /workers/w/heartbeats",
                              "GET /events",
                              "GET /events?workerId=w&newestFirst=true",
                              "GET /summary"};

TEST_CASE("While the slow reads hang, everything else is answered; afterwards they are answered too") {
  Client client;
  client.Register("w");
  REQUIRE(client.Send("POST /workers/w/heartbeat").status() == 200);
  client.disk.reads.turnstile.Close();
  std::vector<std::future<Response>> hang;
  for (int round = 0; round < 5; ++round) {
    for (const char* slow : kSlow) hang.push_back(client.Ask(slow));
  }
  while (client.disk.reads.turnstile.held() == 0) std::this_thread::yield();
  for (const char* quick : {"POST /workers/w/heartbeat", "GET /healthz", "GET /readyz", "GET /workers/w",
                            "GET /workers/w/heartbeats/last", "GET /openapi.json", "POST /scheduler/run"}) {
    INFO(quick);
    CHECK(client.Send(quick).status() == 200);
  }
  for (const auto& each : hang) CHECK(each.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  client.disk.reads.turnstile.Open();
  for (auto& each : hang) CHECK(client.Await(std::move(each)).status() == 200);
}

TEST_CASE("A read whose client is gone is not carried out") {
  Client client;
  client.Register("w");
  Turnstile& turnstile = client.disk.reads.turnstile;
  turnstile.Close();
  std::vector<std::future<Response>> hang;
  for (int i = 0; i < 50; ++i) hang.push_back(client.Ask("GET /workers"));  // more than there are threads
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  std::future<Response> given_up = client.Ask("GET /events", "", {}, gone);
  gone->store(true);
  client.clock.Advance(absl::Milliseconds(100));
  turnstile.Open();
  for (auto& each : hang) CHECK(client.Await(std::move(each)).status() == 200);
  CHECK(client.Await(std::move(given_up)).status() == 429);
  CHECK(turnstile.came() == 50);
}

TEST_CASE("A drain refuses waiting reads at once") {
  Client client;
  client.Register("w");
  client.disk.reads.turnstile.Close();
  std::vector<std::future<Response>> reads;
  for (int i = 0; i < 200; ++i) reads.push_back(client.Ask("GET /workers"));
  while (client.disk.reads.turnstile.held() == 0) std::this_thread::yield();
  client.Drain();
  int refused = 0;
  int running = 0;
  for (auto& each : reads) {
    if (each.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      CHECK(client.Await(std::move(each)).status() == 503);
      ++refused;
    } else {
      ++running;
    }
  }
  CHECK(running >= 1);
  CHECK(refused > running);
  client.disk.reads.turnstile.Open();
}

}  // namespace
}  // namespace muster::http

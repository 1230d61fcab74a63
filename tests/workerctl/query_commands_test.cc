// list, get, summary, run-scheduler: every page, every form, and text that cannot do harm.
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake_musterd.h"
#include "refusal.h"
#include "run.h"

using namespace muster::ctl::testing;
namespace v1 = muster::v1;
using nlohmann::json;

namespace {

void Put(FakeMusterd& server, const std::string& id, v1::WorkerStatus status = v1::WORKER_STATUS_ACTIVE) {
  v1::Worker& worker = server.workers[id];
  worker.set_id(id);
  worker.set_region("eu");
  worker.set_capacity(4);
  worker.set_status(status);
  worker.set_revision(7);
  worker.set_instance_id("boot-1");
  worker.mutable_last_heartbeat_at()->set_seconds(1'700'000'000);  // a minute before the clock of Run
}

}  // namespace

TEST_CASE("list follows the pages to the end, under one header") {
  FakeMusterd server;  // gives pages of 2
  for (const char* id : {"a", "b", "c", "d", "e"}) Put(server, id);
  const Ran ran = Run({"list"}, {.server = server.address()});
  CHECK(ran.exit_code == 0);
  CHECK(ran.out ==
        "ID  STATUS  REGION  CAPACITY  LAST HEARTBEAT  CAPABILITIES\n"
        "a   Active  eu             4  60s ago\n"
        "b   Active  eu             4  60s ago\n"
        "c   Active  eu             4  60s ago\n"
        "d   Active  eu             4  60s ago\n"
        "e   Active  eu             4  60s ago\n");
  CHECK(server.list_requests.size() == 3);
  CHECK(server.list_requests[0].page_size() == 1000);
}

TEST_CASE("every form of a list is whole") {
  FakeMusterd server;
  for (const char* id : {"a", "b", "c"}) Put(server, id);
  const Setting setting{.server = server.address()};
  CHECK(Run({"list", "-o", "name"}, setting).out == "a\nb\nc\n");
  CHECK(json::parse(Run({"list", "-o", "json"}, setting).out).size() == 3);
  CHECK(YAML::Load(Run({"list", "-o", "yaml"}, setting).out).size() == 3);
  const std::string wide = Run({"list", "-o", "wide"}, setting).out;
  for (const char* part : {"IN USE", "METADATA", "REVISION", "INSTANCE", "boot-1"})
    CHECK(Contains(wide, part));
}

TEST_CASE("an empty list is empty in every form") {
  FakeMusterd server;
  const Setting setting{.server = server.address()};
  CHECK(Run({"list", "-o", "json"}, setting).out == "[]\n");
  CHECK(Run({"list", "-o", "yaml"}, setting).out == "[]\n");
  CHECK(Run({"list", "-o", "name"}, setting).out.empty());
  const Ran table = Run({"list"}, setting);
  CHECK(table.exit_code == 0);
  CHECK(table.out.empty());
  CHECK(table.err == "No workers match.\n");
}

TEST_CASE("a limit is kept across pages, and asks for no more than it needs") {
  FakeMusterd server;
  for (const char* id : {"a", "b", "c", "d"}) Put(server, id);
  CHECK(Run({"list", "-o", "name", "--limit", "3"}, {.server = server.address()}).out == "a\nb\nc\n");
  REQUIRE(server.list_requests.size() == 2);
  CHECK(server.list_requests[0].page_size() == 3);
  CHECK(server.list_requests[1].page_size() == 1);
}

TEST_CASE("filters are sent as typed") {
  FakeMusterd server;
  Run({"list", "--status", "active,Offline", "--status", "Failed", "--region", "eu", "--capability", "gpu",
       "--metadata", "rack=r7"},
      {.server = server.address()});
  REQUIRE(server.list_requests.size() == 1);
  const auto& sent = server.list_requests[0];
  CHECK(std::vector<int>(sent.statuses().begin(), sent.statuses().end()) ==
        std::vector<int>{v1::WORKER_STATUS_ACTIVE, v1::WORKER_STATUS_OFFLINE, v1::WORKER_STATUS_FAILED});
  CHECK(sent.region() == "eu");
  CHECK(sent.capability() == "gpu");
  CHECK(sent.metadata().at("rack") == "r7");
}

TEST_CASE("a list that fails half-way is not taken for a whole one") {
  FakeMusterd server;
  for (const char* id : {"a", "b", "c"}) Put(server, id);
  server.refuse_lists_after_first_page =
      Refusal(grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE", "no disk");
  const Ran ran = Run({"list", "-o", "json"}, {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(json::parse(ran.out, nullptr, false).is_discarded());
  CHECK(Contains(ran.err, "no disk"));
}

TEST_CASE("text of the server cannot steer the terminal") {
  FakeMusterd server;
  Put(server, "a");
  server.workers["a"].set_region("\033]0;owned\007\xE2\x80\xAE");
  server.workers["a"].set_status_reason("\033[2J");
  for (const char* form : {"table", "wide", "json", "yaml", "name"}) {
    for (const std::vector<std::string>& command : {std::vector<std::string>{"list"}, {"get", "a"}}) {
      auto arguments = command;
      arguments.insert(arguments.end(), {"-o", form});
      const Ran ran = Run(arguments, {.server = server.address()});
      CAPTURE(form);
      CHECK(ran.exit_code == 0);
      CHECK(ran.out.find('\033') == std::string::npos);
      CHECK(ran.out.find('\007') == std::string::npos);
      CHECK(ran.out.find("\xE2\x80\xAE") == std::string::npos);
    }
  }
}

TEST_CASE("get shows one worker at length, and one that is missing says what to do") {
  FakeMusterd server;
  Put(server, "a", v1::WORKER_STATUS_OFFLINE);
  server.workers["a"].set_in_use(3);
  const Setting setting{.server = server.address()};
  const std::string card = Run({"get", "a"}, setting).out;
  for (const char* line :
       {"Status          Offline\n", "Capacity        4 (in use: 3)\n", "Revision        7\n"}) {
    CHECK(Contains(card, line));
  }
  CHECK(json::parse(Run({"get", "a", "-o", "json"}, setting).out)["lastHeartbeatAt"] ==
        "2023-11-14T22:13:20.000000Z");
  const Ran missing = Run({"get", "b"}, setting);
  CHECK(missing.exit_code == 1);
  CHECK(Contains(missing.err, "worker \"b\" is not on the roll"));
}

TEST_CASE("options stand before or after the command; the option beats the environment") {
  FakeMusterd server;
  Put(server, "a");
  CHECK(Run({"--server", server.address(), "-o", "name", "list"}, {.server = "127.0.0.1:1"}).out == "a\n");
  CHECK(Run({"list", "--server=" + server.address(), "--output=name"}, {.server = "127.0.0.1:1"}).out ==
        "a\n");
}

TEST_CASE("colours are for terminals") {
  FakeMusterd server;
  Put(server, "a");
  CHECK_FALSE(Contains(Run({"list"}, {.server = server.address()}).out, "\033"));
  CHECK(Contains(Run({"list"}, {.server = server.address(), .terminal = {true, true, 80}}).out,
                 "\033[32mActive\033[0m"));
}

TEST_CASE("the summary says when silence is not counted") {
  FakeMusterd server;
  const std::string out = Run({"summary"}, {.server = server.address()}).out;
  CHECK(Contains(out, "no: the store cannot be written"));
  CHECK(Contains(out, "musterd 9.9.9"));
}

TEST_CASE("the summary says when jobs fail, and when daemons of one roll have different settings") {
  FakeMusterd server;
  const std::string out = Run({"summary"}, {.server = server.address()}).out;
  CHECK(Contains(out, "3 runs failed"));
  CHECK(Contains(out, "heartbeat_timeout: 2m here, 20s at musterd b"));
}

TEST_CASE("the summary is quiet about the daemon's health until something went wrong") {
  FakeMusterd server;
  auto& open = *server.health.add_open_connections();
  open.set_interface("grpc");
  open.set_connections(12'000);
  server.health.mutable_worst_probe_latency()->set_seconds(2);
  server.health.set_database_log_bytes(4'096);
  CHECK_FALSE(Contains(Run({"summary"}, {.server = server.address()}).out, "Health"));

  auto& blind = *server.health.add_blind();
  blind.set_cause("socket");
  blind.mutable_duration()->set_seconds(90);
  auto& refused = *server.health.add_refused_connections();
  refused.set_interface("http");
  refused.set_cause("by_address");
  refused.set_connections(1'234);
  server.health.set_in_doubt_batches(1);
  server.health.set_failed_batches(7);
  auto& lost = *server.health.add_lost_log_lines();
  lost.set_cause("queue_full");
  lost.set_lines(55);
  const std::string out = Run({"summary"}, {.server = server.address()}).out;
  for (const char* each :
       {"Health of this daemon since it started:", "1m30s (socket): silence was counted against nobody",
        "1 batches of commands, which may", "7 batches of commands that the store did not take",
        "1,234 connections to http (by_address)", "55 lines were not written (queue_full)",
        "12,000 connections to grpc", "at worst in 2s", "4,096 bytes of log"}) {
    CAPTURE(each);
    CHECK(Contains(out, each));
  }
}

TEST_CASE("run-scheduler names what each job moved") {
  FakeMusterd server;
  Put(server, "a", v1::WORKER_STATUS_PENDING);
  const Setting setting{.server = server.address()};
  Run({"heartbeat", "a"}, setting);
  CHECK(Run({"run-scheduler"}, setting).out ==
        "JOB              MOVED  WORKERS\n"
        "activation           1  a\n"
        "stale-detection      0\n"
        "reactivation         0\n");
  CHECK(json::parse(Run({"run-scheduler", "-o", "json"}, setting).out)["staleDetection"]["workerIds"] ==
        json{"a"});
}

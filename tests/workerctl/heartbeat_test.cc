// heartbeat: once, for many, and on and on.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake_musterd.h"
#include "refusal.h"
#include "run.h"

using namespace muster::ctl::testing;
using nlohmann::json;

namespace {

grpc::Status Superseded() {
  return Refusal(grpc::StatusCode::FAILED_PRECONDITION, "INSTANCE_SUPERSEDED",
                 "worker \"a\" is held by another instance than \"boot-1\": stop this process");
}

void Put(FakeMusterd& server, const std::string& id) {
  server.workers[id].set_id(id);
  server.workers[id].set_status(muster::v1::WORKER_STATUS_ACTIVE);
}

}  // namespace

TEST_CASE("one heartbeat sends what was typed and shows what was answered") {
  FakeMusterd server;
  Put(server, "a");
  const Ran ran =
      Run({"heartbeat", "a", "--instance-id", "boot-1", "--in-use", "0"}, {.server = server.address()});
  CHECK(ran.exit_code == 0);
  CHECK(ran.out ==
        "ID  STATUS  RECORDED AT                  NEXT IN\n"
        "a   Active  2023-11-14T22:13:20.000000Z  7s\n");
  CHECK(server.last_heartbeat.instance_id() == "boot-1");
  CHECK(server.last_heartbeat.has_in_use());
  CHECK(json::parse(Run({"heartbeat", "a", "-o", "json"}, {.server = server.address()}).out) ==
        json{{"id", "a"},
             {"status", "Active"},
             {"recordedAt", "2023-11-14T22:13:20.000000Z"},
             {"nextInterval", "7s"},
             {"heartbeatTimeout", "60s"}});
}

TEST_CASE("many heartbeats: one that is refused does not keep out the others") {
  FakeMusterd server;
  Put(server, "a");
  Put(server, "c");
  const Ran ran = Run({"heartbeat", "a", "b", "c", "-o", "name"}, {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(ran.out == "a\nc\n");
  CHECK(Contains(ran.err, "workerctl register b --region REGION --capacity N"));
}

TEST_CASE("of many heartbeats, one that is in doubt is told so, and one that was not done as well") {
  FakeMusterd server;
  Put(server, "w-3");
  for (const char* id : {"w-1", "w-2"}) {
    muster::v1::HeartbeatError& error = server.refused_in_batches[id];
    error.set_code(grpc::StatusCode::UNAVAILABLE);
    error.set_reason("STORE_UNAVAILABLE");
    error.set_message("the store is unavailable (it is away), so: retry");
    error.set_in_doubt(std::string(id) == "w-1");
  }
  const Ran ran = Run({"heartbeat", "w-1", "w-2", "w-3", "-o", "name"}, {.server = server.address()});
  CHECK(ran.out == "w-3\n");
  CHECK(ran.err ==
        "workerctl: w-1: the store is unavailable (it is away), so\n"
        "  It is not known whether it was recorded; one more does no harm. To see: workerctl get w-1\n"
        "workerctl: w-2: the store is unavailable (it is away), so\n"
        "  Nothing was done. Try again shortly; if it stays so, the daemon's log says why.\n");
}

TEST_CASE("with --follow it beats at the advised interval until another process takes the id over") {
  FakeMusterd server;
  Put(server, "a");
  server.on_heartbeat = [](int call) { return call == 3 ? std::optional(Superseded()) : std::nullopt; };
  const Ran ran = Run({"heartbeat", "a", "--instance-id", "boot-1", "--follow", "-o", "json"},
                      {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(ran.waits == std::vector<absl::Duration>{absl::Seconds(7), absl::Seconds(7)});
  CHECK(Contains(ran.err, "Another process holds this id now"));
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 2);  // one document a line
}

TEST_CASE(
    "with --every it beats at its own interval, and waits for a daemon that is away without repeating "
    "itself") {
  FakeMusterd server;
  Put(server, "a");
  server.on_heartbeat = [](int call) -> std::optional<grpc::Status> {
    if (call == 2 || call == 3) return Refusal(grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE", "no disk");
    return call == 5 ? std::optional(Superseded()) : std::nullopt;
  };
  const Ran ran = Run({"heartbeat", "a", "--every", "250ms"}, {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(ran.waits == std::vector<absl::Duration>(4, absl::Milliseconds(250)));
  CHECK(ran.err.find("no disk") == ran.err.rfind("no disk"));
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 3);  // the header, the first and the fourth
}

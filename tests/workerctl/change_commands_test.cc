// register, unregister, set-status: what they send, and what they say of the answer.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake_musterd.h"
#include "run.h"

using namespace muster::ctl::testing;
namespace v1 = muster::v1;
using nlohmann::json;

TEST_CASE("register sends all that was typed") {
  FakeMusterd server;
  const Ran ran =
      Run({"register", "worker-1", "--region", "eu", "--capacity", "4", "--capability", "gpu", "--capability",
           "cpu", "--metadata", "rack=r7", "--metadata", "zone=b", "--instance-id", "boot-2", "--replace"},
          {.server = server.address()});
  CHECK(ran.exit_code == 0);
  CHECK(ran.out == "worker-1 registered: Pending until its first heartbeat, instance boot-2, revision 1\n");
  const auto& sent = server.last_registration;
  CHECK(sent.region() == "eu");
  CHECK(sent.capacity() == 4);
  CHECK(sent.capabilities_size() == 2);
  CHECK(sent.metadata().at("rack") == "r7");
  CHECK(sent.metadata().at("zone") == "b");
  CHECK(sent.replace());
}

TEST_CASE("an id that is taken is 1, with the way to take it over") {
  FakeMusterd server;
  Run({"register", "a", "--region", "eu", "--capacity", "1"}, {.server = server.address()});
  const Ran ran = Run({"register", "a", "--region", "eu", "--capacity", "1"}, {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(ran.err ==
        "workerctl: worker \"a\" is registered already\n"
        "  To see who holds the id: workerctl get a. To take it over for a new process: workerctl register "
        "with "
        "--replace.\n");
}

TEST_CASE("a file registers each worker; one refused does not keep the others out") {
  FakeMusterd server;
  server.workers["b"].set_id("b");
  const Ran ran =
      Run({"register", "-f", "-", "-o", "json"},
          {.server = server.address(),
           .input = R"([{"id":"a","region":"eu","capacity":1},{"id":"b","region":"eu","capacity":1},
                                    {"id":"c","region":"eu","capacity":1}])"});
  CHECK(ran.exit_code == 1);
  CHECK(Contains(ran.err, "\"b\" is registered already"));
  const json printed = json::parse(ran.out);
  REQUIRE(printed.size() == 2);
  CHECK(printed[0]["id"] == "a");
  CHECK(printed[1]["id"] == "c");
}

TEST_CASE("a worker may be called like a command") {
  FakeMusterd server;
  CHECK(Run({"register", "list", "--region", "eu", "--capacity", "1"}, {.server = server.address()})
            .exit_code == 0);
  CHECK(Run({"get", "list", "-o", "name"}, {.server = server.address()}).out == "list\n");
}

TEST_CASE("unregister goes through all ids") {
  FakeMusterd server;
  for (const char* id : {"a", "c"}) server.workers[id].set_id(id);
  server.workers["a"].set_status(v1::WORKER_STATUS_FAILED);
  const Ran ran = Run({"unregister", "a", "b", "c"}, {.server = server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(Contains(ran.out, "a unregistered (was Failed)\n"));
  CHECK(Contains(ran.out, "c unregistered"));
  CHECK(Contains(ran.err, "worker \"b\" is not on the roll\n  To see who is on the roll: workerctl list\n"));
  CHECK(server.workers.empty());
}

TEST_CASE("set-status sends the expectations that were typed, and no others") {
  FakeMusterd server;
  server.workers["a"].set_id("a");
  const Setting setting{.server = server.address()};
  CHECK(
      Run({"set-status", "a", "failed", "--expect", "active", "--expected-revision", "7", "--reason", "disk"},
          setting)
          .exit_code == 0);
  CHECK(server.last_update.status() == v1::WORKER_STATUS_FAILED);
  CHECK(server.last_update.expected_status() == v1::WORKER_STATUS_ACTIVE);
  CHECK(server.last_update.expected_revision() == 7);
  CHECK(server.last_update.reason() == "disk");
  CHECK(json::parse(Run({"set-status", "a", "Active", "-o", "json"}, setting).out)["status"] == "Active");
  CHECK(server.last_update.expected_status() == v1::WORKER_STATUS_UNSPECIFIED);
  CHECK_FALSE(server.last_update.has_expected_revision());
}

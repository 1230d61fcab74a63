// Files of registrations: JSON and YAML alike, and errors that say which worker and which key.
#include "workerctl/registration_file.h"

#include <CLI/CLI.hpp>

#include "catch.h"

using namespace muster::ctl;

namespace {

std::string Problem(const std::string& text) {
  try {
    ReadRegistrations(text, "fleet");
  } catch (const CLI::ValidationError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("one worker in JSON") {
  const auto requests = ReadRegistrations(R"({"id": "worker-1", "region": "us-east-1", "capacity": 10,
      "capabilities": ["compute", "storage"], "metadata": {"datacenter": "dc-1"}})",
                                          "fleet");
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].worker_id() == "worker-1");
  CHECK(requests[0].region() == "us-east-1");
  CHECK(requests[0].capacity() == 10);
  CHECK(requests[0].capabilities_size() == 2);
  CHECK(requests[0].metadata().at("datacenter") == "dc-1");
}

TEST_CASE("a list in YAML, several documents, and text that looks like something else") {
  const auto requests = ReadRegistrations(
      "- {id: a, region: no, capacity: 1, metadata: {rack: 7}}\n"
      "- id: b\n  region: eu\n  capacity: 2\n  replace: true\n  instanceId: boot-2\n"
      "---\nid: c\nregion: eu\ncapacity: 3\n",
      "fleet");
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].region() == "no");
  CHECK(requests[0].metadata().at("rack") == "7");
  CHECK(requests[1].replace());
  CHECK(requests[1].instance_id() == "boot-2");
  CHECK(requests[2].capacity() == 3);
}

TEST_CASE("what get and list print can be registered again") {
  CHECK(ReadRegistrations(
            R"([{"id":"a","region":"eu","capacity":1,"capabilities":[],"metadata":{},"status":"Active",
      "registeredAt":"2025-10-25T17:00:00Z","lastHeartbeatAt":null,"statusReason":"","revision":7,
      "instanceId":"x","inUse":null}])",
            "fleet")
            .size() == 1);
}

TEST_CASE("mistakes are told with their place") {
  CHECK(Problem("") == "fleet: is empty");
  CHECK(Problem("[{\"id\":\"a\"},{\"region\":\"eu\"}]") == "fleet: worker 2: has no id");
  CHECK(Problem("{\"id\":\"a\",\"colour\":\"red\"}").find("fleet: colour: is not a key") == 0);
  CHECK(Problem("{\"id\":\"a\",\"capacity\":\"many\"}") == "fleet: capacity: must be a whole number");
  CHECK(Problem("{\"id\":\"a\",\"capacity\":1.5}") == "fleet: capacity: must be a whole number");
  CHECK(Problem("{\"id\":\"a\",\"capacity\":99999999999}") == "fleet: capacity: is too large");
  CHECK(Problem("{\"id\":\"a\",\"capacity\":18446744073709551615}") == "fleet: capacity: is too large");
  CHECK(Problem("{\"id\":\"a\",\"metadata\":{\"rack\":7}}") == "fleet: metadata.rack: must be text");
  CHECK(Problem("{\"id\":\"a\",\"capabilities\":\"gpu\"}") == "fleet: capabilities: must be a list");
  CHECK(Problem("{\"id\":7}") == "fleet: id: must be text");
  CHECK(Problem("{broken").find("fleet: is not JSON") == 0);
  CHECK(Problem("a: [").find("fleet: is not YAML") == 0);
  CHECK(Problem("just words").find("is not a worker") != std::string::npos);
  CHECK(Problem("\xFF") == "fleet: is not UTF-8");
}

TEST_CASE("an alias is what it names") {
  const auto requests = ReadRegistrations(
      "- &one {id: a, region: eu, capacity: 1, metadata: &rack {rack: r7}}\n"
      "- {id: b, region: eu, capacity: 1, metadata: *rack}\n",
      "fleet");
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].metadata().at("rack") == "r7");
}

TEST_CASE("YAML that has no end is refused") {
  CHECK(Problem("- &a [*a]").find("an alias stands inside of what it names") != std::string::npos);
  CHECK(Problem("- &a {id: x, metadata: {b: *a}}").find("an alias stands inside") != std::string::npos);
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'k'; ++name) {
    const std::string before = std::string("*") + static_cast<char>(name - 1);
    laughs += std::string(1, name) + ": &" + name + " [" + before;
    for (int i = 0; i < 8; ++i) laughs += ", " + before;
    laughs += "]\n";
  }
  CHECK(Problem(laughs).find("the aliases make too much of the text") != std::string::npos);
}

TEST_CASE("YAML that is nested deeply is refused") {
  CHECK(Problem("- " + std::string(51, '[') + std::string(51, ']')).find("inside of each other") !=
        std::string::npos);
  const std::string half = std::string(30, '[') + "x" + std::string(30, ']');
  CHECK(Problem("a: &a " + half + "\nb: [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]")
            .find("inside of each other") != std::string::npos);
}

TEST_CASE("text in which no document begins is refused") {
  CHECK(Problem(", a").find("fleet: is not YAML") == 0);
  CHECK(Problem("? [a]\n: b").find("a key must be text") != std::string::npos);
}

TEST_CASE("text that the YAML reader would make something else of is refused") {
  CHECK(Problem(std::string("id: \0_", 6)).find("there is a NUL in it") != std::string::npos);
  CHECK(Problem("id: \"a\\_b\"").find("an escape is not understood") != std::string::npos);
  CHECK(Problem("id: \"a\\N\"").find("an escape is not understood") != std::string::npos);
}

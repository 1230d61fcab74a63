// The demo tells what happened, and fails loudly where the daemon does something else.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "fake_musterd.h"
#include "run.h"

using namespace muster::ctl::testing;

TEST_CASE("the demo plays against a server, and leaves nothing behind") {
  FakeMusterd server;
  server.workers["worker-1"].set_id("worker-1");  // not one of the demo
  const Ran ran = Run({"demo", "--server", server.address()});
  CHECK(ran.err == "");
  CHECK(ran.exit_code == 0);
  for (const char* line :
       {"=== Worker Management Demo ===\n", "1. Registering workers...\n", "   Heartbeats recorded\n",
        "3. Running scheduler", "4. Querying active workers...\n", "region=us-east-1, capacity=10",
        "   Marked offline: ", "   Reactivated: ", "8. Final worker states:\n", "worker-3: Pending\n",
        "   Remaining workers: ", "=== Demo Complete ===\n"}) {
    CAPTURE(line);
    CHECK(Contains(ran.out, line));
  }
  CHECK(server.workers.size() == 1);
  CHECK(server.workers.contains("worker-1"));
}

TEST_CASE("the demo fails loudly where the daemon does not do as told, and still leaves nothing behind") {
  FakeMusterd server;
  server.forgets_to_activate = true;
  const Ran ran = Run({"demo", "--server", server.address()});
  CHECK(ran.exit_code == 1);
  CHECK(Contains(ran.err, "worker-1 to be Active; the daemon says Pending"));
  CHECK_FALSE(Contains(ran.out, "Demo Complete"));
  CHECK(server.workers.empty());
}

TEST_CASE("a musterd that does not start is told with its own words") {
  const Ran ran = Run({"demo", "--musterd", "/bin/false"});
  CHECK(ran.exit_code == 1);
  CHECK(Contains(ran.err, "musterd did not start"));
}

TEST_CASE("musterd is found beside the executable first") {
  std::string folder = (std::filesystem::temp_directory_path() / "workerctl-demo-test-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/musterd") << "#!/bin/sh\necho here I am\nexit 1\n";
  std::filesystem::permissions(folder + "/musterd", std::filesystem::perms::owner_all);
  const Ran ran = Run({"demo"}, {.executable = folder + "/workerctl"});
  std::filesystem::remove_all(folder);
  CHECK(ran.exit_code == 1);
  CHECK(Contains(ran.err, "musterd did not start: here I am"));
}

// One poller where gRPC would start two for two cores.
#include "rpc/poller_hold.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

TEST_CASE("There is one poller for every two usable cores") {
  CHECK(PollersToHold(1, 1) == 1);
  CHECK(PollersToHold(2, 2) == 1);
  CHECK(PollersToHold(3, 3) == 1);
  CHECK(PollersToHold(4, 4) == 0);
  CHECK(PollersToHold(32, 32) == 0);
  CHECK(PollersToHold(64, 64) == 0);  // gRPC has a maximum as well
  CHECK(PollersToHold(64, 4) == 14);  // in a container
}

// What poller_hold.cc knows about gRPC's internals. If this fails, gRPC works differently: do not hold
// pollers on that version (PollersAreKnown), or find out how.
TEST_CASE("gRPC starts as many pollers as we expect, and each held poller is one less") {
  Harness harness(Harness::Begin::kStarting);  // which holds none yet
  const int started = PollersStarted(static_cast<int>(sysconf(_SC_NPROCESSORS_CONF)));
  INFO("gRPC " << grpc::Version());
  {
    const PollerHold all_but_one(harness.server->InProcessChannel(), started - 1);
    CHECK(all_but_one.held() == started - 1);
    CHECK(harness.Beat("w").error_message().find("starting") != std::string::npos);  // answered
  }
  CHECK(PollerHold(harness.server->InProcessChannel(), started).held() == 0);
}

TEST_CASE("Pollers are held on tested versions of gRPC, and on no other") {
  CHECK(PollersAreKnown("1.51.1"));
  CHECK_FALSE(PollersAreKnown("1.5.1"));
  CHECK_FALSE(PollersAreKnown("1.510.0"));
  CHECK_FALSE(PollersAreKnown("1.54.3"));
  CHECK_FALSE(PollersAreKnown("2.0.0"));
  CHECK_FALSE(PollersAreKnown(""));
}

TEST_CASE("At least one poller is left to answer calls") {
  Harness harness;
  harness.Register("w");
  {
    const PollerHold hold(harness.server->InProcessChannel(), 100);
    CHECK(hold.held() == 0);
    CHECK(harness.Beat("w").ok());
  }
  CHECK(harness.Beat("w").ok());
}

}  // namespace
}  // namespace muster::rpc

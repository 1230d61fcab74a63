// One poller where gRPC would start two for two cores.
#include "rpc/poller_hold.h"

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

TEST_CASE("There is one poller for every two cores that can be used") {
  CHECK(PollersToHold(1, 1) == 1);
  CHECK(PollersToHold(2, 2) == 1);
  CHECK(PollersToHold(3, 3) == 1);
  CHECK(PollersToHold(4, 4) == 0);
  CHECK(PollersToHold(32, 32) == 0);
  CHECK(PollersToHold(64, 64) == 0);  // gRPC has a most as well
  CHECK(PollersToHold(64, 4) == 14);  // in a container
}

TEST_CASE("No more pollers are held than leave one to answer calls") {
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

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

TEST_CASE("A second server on the port is refused, and told that the first one is there") {
  Harness first(Harness::Begin::kStarting);
  ThreadedExecutor executor(first.manual_clock);
  const auto second =
      RpcServer::Listen({first.server->address(), "2", absl::Seconds(3)}, first.manual_clock, executor);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().message().find(first.server->address().ToString()) != std::string::npos);
  CHECK(second.status().message().find("in use") != std::string::npos);
}

}  // namespace
}  // namespace muster::rpc

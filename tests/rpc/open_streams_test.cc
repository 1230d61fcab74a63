// How many streams may be open, and how they learn that the daemon stops.
#include "rpc/open_streams.h"

#include "catch.h"
#include "death.h"

namespace muster::rpc {
namespace {

struct Counted final : public OpenStreams::Stream {
  void EndWith(const WorkerError& /*error*/) override { ++ended; }
  int ended = 0;
};

TEST_CASE("One stream too many is refused until another one is gone; after the end, every stream is") {
  OpenStreams streams(2, "2 streams are open");
  Counted a;
  Counted b;
  Counted c;
  CHECK(streams.Add(a).ok());
  CHECK(streams.Add(b).ok());
  const Outcome refused = streams.Add(c);
  REQUIRE_FALSE(refused.ok());
  CHECK(ReasonOf(refused.error()) == "OVERLOADED");
  CHECK(MessageOf(refused.error()).find("2 streams are open") != std::string::npos);
  streams.Remove(a);
  CHECK(streams.Add(c).ok());
  streams.EndAll(StoreUnavailable{"the daemon is stopping"});
  CHECK(a.ended == 0);
  CHECK(b.ended == 1);
  CHECK(c.ended == 1);
  streams.Remove(b);
  CHECK(ReasonOf(streams.Add(a).error()) == "STORE_UNAVAILABLE");
}

TEST_CASE("Only a stream that was added is removed") {
  OpenStreams streams(1, "full");
  Counted stream;
  testing::CheckDies([&] { streams.Remove(stream); }, "only what was added is removed");
}

}  // namespace
}  // namespace muster::rpc

#include "store/postgres/dialer.h"

#include <string>

#include "absl/strings/match.h"
#include "runtime/manual_clock.h"
#include "store/postgres/scratch.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::ScratchSchema;

// No program listens on port 1 of the machine itself: an attempt fails at once.
constexpr char kNobody[] = "postgresql://u@127.0.0.1:1/d";

bool BacksOff(const Reply<Connection>& reply) {
  return absl::StrContains(reply.error().detail, "waiting before the next attempt");
}

TEST_CASE("after each failed attempt the next one waits longer, from 100 ms to 5 s") {
  ManualClock clock;
  Dialer dialer(kNobody, clock, 1);
  absl::Duration least = kFirstBackoff;
  for (int attempt = 0; attempt < 12; ++attempt) {
    const Reply<Connection> failed = dialer.Dial(kPatience);
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().kind == FailureKind::kAway);
    REQUIRE_FALSE(BacksOff(failed));
    CHECK(failed.error().logged);

    clock.Advance(0.74 * least);
    const Reply<Connection> soon = dialer.Dial(kPatience);
    CHECK(BacksOff(soon));
    CHECK(soon.error().kind == FailureKind::kAway);
    CHECK(soon.error().logged);
    CHECK(absl::StrContains(soon.error().detail, "127.0.0.1"));  // the operator sees why
    clock.Advance(0.26 * least);
    least = std::min(2 * least, kLongestBackoff);
  }
  CHECK(least == kLongestBackoff);
}

TEST_CASE("two daemons do not try again at the same moments") {
  ManualClock clock;
  Dialer one(kNobody, clock, 1);
  Dialer other(kNobody, clock, 2);
  int apart = 0;
  for (int step = 0; step < 2000; ++step) {
    apart += BacksOff(one.Dial(kPatience)) != BacksOff(other.Dial(kPatience));
    clock.Advance(absl::Milliseconds(10));
  }
  CHECK(apart > 0);
}

TEST_CASE("a lost connection is dialled again, and its user can see it") {
  const ScratchSchema schema;
  const RealClock clock;
  Dialer dialer(schema.url(), clock, 1);
  Reconnecting reconnecting(dialer);
  CHECK(reconnecting.session() == 0);

  const Reply<Connection*> first = reconnecting.Get(kPatience);
  REQUIRE(first.ok());
  CHECK(reconnecting.session() == 1);
  CHECK(*reconnecting.Get(kPatience) == *first);
  CHECK(reconnecting.session() == 1);

  const int pid = (*first)->backend_pid();
  Connection other = schema.Connect();
  testing::Terminate(other, pid);
  const Reply<Connection*> second = reconnecting.Get(kPatience);
  REQUIRE(second.ok());
  CHECK(reconnecting.session() == 2);
  CHECK((*second)->backend_pid() != pid);
  CHECK((*second)->Run(kBegin, {}, kPatience).ok());
}

}  // namespace
}  // namespace muster::postgres

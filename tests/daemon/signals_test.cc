#include "daemon/signals.h"

#include <unistd.h>

#include "catch.h"

namespace muster::daemon {
namespace {

TEST_CASE("Signals arrive as events, in order") {
  Signals signals(absl::InfiniteDuration());
  ::kill(::getpid(), SIGHUP);
  CHECK(signals.Next() == SignalEvent::kReload);
  ::kill(::getpid(), SIGHUP);
  CHECK(signals.Next() == SignalEvent::kReload);
  ::kill(::getpid(), SIGTERM);
  CHECK(signals.Next() == SignalEvent::kStop);
}

}  // namespace
}  // namespace muster::daemon

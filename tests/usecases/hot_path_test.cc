// What a heartbeat may cost.
#include <string>

#include "catch.h"
#include "usecases/allocations.h"
#include "usecases/fleet.h"

using namespace muster;

TEST_CASE("an accepted heartbeat allocates nothing") {
  Fleet fleet;
  const std::string id(128, 'w');
  const std::string instance(128, 'i');
  REQUIRE(fleet.Register(id, instance).ok());
  const int made = fleet.Commit([&](WriteTx& tx) {
    const int before = Allocations();
    for (int i = 0; i < 100; ++i) {
      const bool ok = RecordHeartbeat({id, instance, 5, "10.0.0.1:1"}, fleet.settings.heartbeat_timeout, tx,
                                      fleet.now, &fleet.turns)
                          .ok();
      if (!ok) return -1;
    }
    return Allocations() - before;
  });
  CHECK(made == 0);
  CHECK(fleet.Get(id).pulse.total == 100);
}

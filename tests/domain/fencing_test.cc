// Which instance holds an id, and how two processes on one id are found.
#include "domain/fencing.h"

#include "catch.h"

using namespace muster;

namespace {

constexpr absl::Duration kTimeout = absl::Minutes(2);
const ListeningTime kRegistered = ListeningTime() + absl::Hours(1);

Worker TakenOver() {
  Worker worker;
  worker.id = "w";
  worker.instance_id = "b";
  worker.previous_instance_id = "a";
  worker.registered_at_listening = kRegistered;
  return worker;
}

}  // namespace

TEST_CASE("a heartbeat is the holder's, or carries no instance at all") {
  CHECK(Holds(TakenOver(), "b"));
  CHECK(Holds(TakenOver(), ""));
  CHECK_FALSE(Holds(TakenOver(), "a"));
  CHECK_FALSE(Holds(TakenOver(), "B"));
}

TEST_CASE("only the instance that was replaced can take an id back") {
  CHECK(TakenBack(TakenOver(), "a"));
  CHECK_FALSE(TakenBack(TakenOver(), "b"));
  CHECK_FALSE(TakenBack(TakenOver(), "c"));
  Worker first = TakenOver();
  first.previous_instance_id.clear();
  CHECK_FALSE(TakenBack(first, "a"));
  CHECK_FALSE(TakenBack(first, ""));
}

TEST_CASE("an instance that still beats more than a timeout after the takeover is a clone, reported once") {
  const ListeningTime edge = kRegistered + kTimeout;
  CHECK_FALSE(BeatsOn(TakenOver(), "a", kRegistered, kTimeout));
  CHECK_FALSE(BeatsOn(TakenOver(), "a", edge, kTimeout));
  CHECK(BeatsOn(TakenOver(), "a", edge + absl::Microseconds(1), kTimeout));
  CHECK_FALSE(BeatsOn(TakenOver(), "c", edge + absl::Hours(1), kTimeout));
  Worker reported = TakenOver();
  reported.clone_reported = true;
  CHECK_FALSE(BeatsOn(reported, "a", edge + absl::Hours(1), kTimeout));
}

TEST_CASE("the report names both instances and where they are") {
  CHECK(CloneReport("a", "10.0.0.1:1", "b", "10.0.0.2:2") ==
        "two processes use this id: instance a at 10.0.0.1:1 and instance b at 10.0.0.2:2");
  CHECK(CloneReport("a", "", "b", "x") ==
        "two processes use this id: instance a at an unknown address and instance b at x");
}

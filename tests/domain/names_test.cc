// The names that people and programs read do not change by accident.
#include "catch.h"
#include "muster/worker.h"

TEST_CASE("every status has the name that the contract gives it") {
  CHECK(muster::StatusName(muster::WorkerStatus::kPending) == "Pending");
}

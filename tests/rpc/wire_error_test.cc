// Every error has its code, its reason and its details.
#include "rpc/wire_error.h"

#include <string>
#include <vector>

#include "catch.h"
#include "harness.h"
#include "rpc/wire.h"

namespace muster::rpc {
namespace {

TEST_CASE("Every error reads on the wire as designed") {
  struct Expected {
    WorkerError error;
    grpc::StatusCode code;
    std::string reason;
  };
  const std::vector<Expected> all = {
      {WorkerAlreadyExists{"w"}, grpc::StatusCode::ALREADY_EXISTS, "WORKER_ALREADY_EXISTS"},
      {WorkerNotFound{"w"}, grpc::StatusCode::NOT_FOUND, "WORKER_NOT_FOUND"},
      {InvalidArgument{"region", "is empty"}, grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT"},
      {InvalidWorkerState{"w", "revision 7", "revision 6"}, grpc::StatusCode::ABORTED,
       "INVALID_WORKER_STATE"},
      {InvalidStateTransition{"w", WorkerStatus::kFailed, WorkerStatus::kActive},
       grpc::StatusCode::FAILED_PRECONDITION, "INVALID_STATE_TRANSITION"},
      {InstanceSuperseded{"w", "i"}, grpc::StatusCode::FAILED_PRECONDITION, "INSTANCE_SUPERSEDED"},
      {Overloaded{absl::Milliseconds(1500)}, grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED"},
      {StoreUnavailable{"no disk"}, grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE"},
  };
  REQUIRE(all.size() == std::variant_size_v<WorkerError>);
  for (const Expected& each : all) {
    INFO(each.reason);
    CHECK(static_cast<int>(CodeOf(each.error)) == static_cast<int>(each.code));
    const Refusal refusal = Refusal::Of(ToStatus(each.error));
    CHECK(refusal.code == each.code);
    CHECK(refusal.info.reason() == each.reason);
    CHECK(refusal.message == MessageOf(each.error));
    CHECK(refusal.bad_request.field_violations_size() == (each.reason == "INVALID_ARGUMENT" ? 1 : 0));
    CHECK(refusal.retry.has_retry_delay() ==
          (each.reason == "OVERLOADED" || each.reason == "STORE_UNAVAILABLE"));
  }
}

TEST_CASE("The field and the pause are told") {
  const Refusal invalid = Refusal::Of(ToStatus(InvalidArgument{"capabilities[3]", "is empty"}));
  CHECK(invalid.field() == "capabilities[3]");
  CHECK(invalid.bad_request.field_violations(0).description() == "is empty");
  const Refusal overloaded = Refusal::Of(ToStatus(Overloaded{absl::Milliseconds(1500)}));
  CHECK(overloaded.retry.retry_delay().seconds() == 1);
  CHECK(overloaded.retry.retry_delay().nanos() == 500'000'000);
  CHECK(Refusal::Of(ToStatus(StoreUnavailable{"no disk"})).info.metadata().count("in_doubt") == 0);
  CHECK(Refusal::Of(ToStatus(StoreUnavailable{"it went away", true})).info.metadata().at("in_doubt") ==
        "true");
}

}  // namespace
}  // namespace muster::rpc

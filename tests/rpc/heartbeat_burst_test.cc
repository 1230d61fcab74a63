// What the answer to each heartbeat of a stream says.
#include "rpc/heartbeat_burst.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "catch.h"
#include "death.h"

namespace muster::rpc {
namespace {

HeartbeatBurst BurstOf(std::initializer_list<std::string_view> ids) {
  HeartbeatBurst burst;
  for (const std::string_view id : ids) burst.Add({id, "", std::nullopt, ""});
  return burst;
}

v1::StreamHeartbeatsResponse AnswerTo(const HeartbeatBurst& burst, std::size_t index) {
  v1::StreamHeartbeatsResponse answer;
  burst.Describe(index, answer);
  return answer;
}

TEST_CASE("If it is not known whether a burst was recorded, the answer to each of its heartbeats says so") {
  HeartbeatBurst burst = BurstOf({"a", "b"});
  burst.Refuse(StoreUnavailable{"it went away before it confirmed", /*in_doubt=*/true});
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const v1::HeartbeatError error = AnswerTo(burst, i).result().error();
    CHECK(error.in_doubt());
    CHECK(error.reason() == "STORE_UNAVAILABLE");
    CHECK(error.message().find("whether it was done is not known") != std::string::npos);
    CHECK(error.retry_delay().seconds() == 1);
  }
  CHECK(AnswerTo(burst, 1).worker_id() == "b");
}

TEST_CASE("A heartbeat that was certainly not recorded is not in doubt") {
  HeartbeatBurst burst = BurstOf({"a"});
  burst.Refuse(StoreUnavailable{"the disk is full"});
  CHECK_FALSE(AnswerTo(burst, 0).result().error().in_doubt());
  burst.Refuse(WorkerNotFound{"a"});
  CHECK_FALSE(AnswerTo(burst, 0).result().error().in_doubt());
}

TEST_CASE("Only a heartbeat of the burst is answered") {
  const HeartbeatBurst burst = BurstOf({"a"});
  testing::CheckDies([&] { AnswerTo(burst, 1); }, "a heartbeat of the burst is answered");
}

}  // namespace
}  // namespace muster::rpc

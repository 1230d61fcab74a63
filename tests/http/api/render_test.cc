// Times, durations and unset fields.
#include "http/api/render.h"

#include <memory>

#include "tests/catch.h"

namespace muster::http {
namespace {

TEST_CASE("Times are RFC 3339 in UTC, always with microseconds") {
  CHECK(Render(absl::FromUnixSeconds(1'700'000'000)) == "2023-11-14T22:13:20.000000Z");
  CHECK(Render(absl::FromUnixMicros(1'700'000'000'000'042)) == "2023-11-14T22:13:20.000042Z");
  CHECK(Render(absl::FromUnixMicros(-1)) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("Durations are seconds with their unit") {
  CHECK(Render(absl::Minutes(2)) == "120s");
  CHECK(Render(absl::Milliseconds(9'870)) == "9.87s");
  CHECK(Render(absl::Microseconds(1)) == "0.000001s");
  CHECK(Render(absl::ZeroDuration()) == "0s");
  CHECK(Render(-absl::Milliseconds(500)) == "-0.5s");
}

TEST_CASE("A worker has every field, and unset ones are null") {
  Worker worker;
  worker.id = "w";
  worker.config = {"eu", 4, {"avx", "gpu"}, {{"rack", "r7"}}};
  worker.instance_id = "i";
  worker.status_reason = "because";
  worker.registered_at = worker.status_changed_at = absl::FromUnixSeconds(1'700'000'000);
  worker.revision = 7;
  WorkerView view;
  view.worker = std::make_shared<const Worker>(worker);
  CHECK(Dump(Render(view)) ==
        R"({"id":"w","region":"eu","capacity":4,"capabilities":["avx","gpu"],"metadata":{"rack":"r7"},)"
        R"("status":"Pending","registeredAt":"2023-11-14T22:13:20.000000Z","lastHeartbeatAt":null,)"
        R"("statusChangedAt":"2023-11-14T22:13:20.000000Z","statusReason":"because","revision":7,)"
        R"("instanceId":"i","inUse":null})");
  view.pulse.total = 1;
  view.pulse.last_at = absl::FromUnixSeconds(1'700'000'001);
  view.pulse.in_use = 0;
  CHECK(Render(view)["lastHeartbeatAt"] == "2023-11-14T22:13:21.000000Z");
  CHECK(Render(view)["inUse"] == 0);
}

}  // namespace
}  // namespace muster::http

// Values read as people and programs expect them.
#include "workerctl/wording.h"

#include "catch.h"

using namespace muster::ctl;
namespace v1 = muster::v1;

TEST_CASE("statuses have the names of the contract, in any case of letters") {
  CHECK(StatusNames() == std::vector<std::string>{"Pending", "Active", "Offline", "Failed"});
  for (const std::string& name : StatusNames()) CHECK(StatusName(*ParseStatus(name)) == name);
  CHECK(ParseStatus("oFfLiNe") == v1::WORKER_STATUS_OFFLINE);
  CHECK_FALSE(ParseStatus("Unspecified").has_value());
  CHECK_FALSE(ParseStatus("").has_value());
  CHECK(StatusName(static_cast<v1::WorkerStatus>(9)) == "Status(9)");
}

TEST_CASE("every event type has a name") {
  for (int type = 1; type <= v1::EventType_MAX; ++type) {
    CHECK(EventTypeName(static_cast<v1::EventType>(type)).find('(') == std::string::npos);
  }
}

TEST_CASE("times are RFC 3339 in UTC, to the microsecond") {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(1761411600);
  stamp.set_nanos(1000);
  CHECK(Rfc3339(TimeOf(stamp)) == "2025-10-25T17:00:00.000001Z");
  CHECK(ClockText(TimeOf(stamp)) == "2025-10-25 17:00:00Z");
}

TEST_CASE("ages are short, and a clock that runs ahead is not an age") {
  const absl::Time now = absl::FromUnixSeconds(1'000'000'000);
  CHECK(AgeText(now - absl::Seconds(12), now) == "12s ago");
  CHECK(AgeText(now - absl::Minutes(3), now) == "3m ago");
  CHECK(AgeText(now - absl::Hours(5), now) == "5h ago");
  CHECK(AgeText(now - absl::Hours(24 * 9), now) == "9d ago");
  CHECK(AgeText(now + absl::Seconds(5), now) == "0s ago");
}

TEST_CASE("durations for people and for programs") {
  CHECK(DurationText(absl::Seconds(10)) == "10s");
  CHECK(DurationText(absl::Minutes(2)) == "2m");
  CHECK(DurationText(absl::Minutes(65)) == "1h5m");
  CHECK(DurationText(absl::Hours(2)) == "2h");
  CHECK(DurationText(absl::Milliseconds(340)) == "300ms");
  CHECK(DurationText(absl::ZeroDuration()) == "0s");
  CHECK(SecondsText(absl::Milliseconds(3500)) == "3.5s");
  CHECK(SecondsText(absl::Seconds(120)) == "120s");
  CHECK(SecondsText(absl::ZeroDuration()) == "0s");
}

TEST_CASE("large counts are grouped") {
  CHECK(CountText(0) == "0");
  CHECK(CountText(999) == "999");
  CHECK(CountText(1234567) == "1,234,567");
  CHECK(CountText(-1000) == "-1,000");
}

#include "runtime/log_limits.h"

#include <string>

#include "tests/catch.h"

namespace muster {
namespace {

constexpr LogLimit kLimit = {/*burst=*/8, /*interval=*/absl::Seconds(1)};
constexpr auto kInfo = LogLevel::kInfo;

int Admitted(LogLimits& limits, int lines, std::string_view message, absl::Duration now,
             std::string_view client = "") {
  int admitted = 0;
  for (int i = 0; i < lines; ++i) admitted += limits.Admit(kInfo, message, client, kLimit, now) ? 1 : 0;
  return admitted;
}

TEST_CASE("a source may say a burst, and then one line for each interval") {
  LogLimits limits;
  CHECK(Admitted(limits, 100, "a", absl::Seconds(1'000)) == 8);
  CHECK(Admitted(limits, 100, "a", absl::Seconds(1'000.5)) == 0);
  CHECK(Admitted(limits, 100, "a", absl::Seconds(1'001)) == 1);
  CHECK(Admitted(limits, 100, "a", absl::Seconds(1'003)) == 2);
  CHECK(Admitted(limits, 100, "a", absl::Seconds(9'999)) == 8);
}

TEST_CASE("each message of each level is a source of its own") {
  LogLimits limits;
  const absl::Duration now = absl::Seconds(5);
  CHECK(Admitted(limits, 100, "a", now) == 8);
  CHECK(Admitted(limits, 100, "b", now) == 8);
  CHECK(limits.Admit(LogLevel::kError, "a", "", kLimit, now));
}

TEST_CASE("one client does not use up what the others may say; many clients share what the source may") {
  LogLimits limits;
  const absl::Duration now = absl::Seconds(5);
  CHECK(Admitted(limits, 100, "a", now, "192.0.2.1") == 2);
  CHECK(Admitted(limits, 100, "a", now, "192.0.2.2") == 2);
  CHECK(Admitted(limits, 100, "b", now, "192.0.2.1") == 2);
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) admitted += Admitted(limits, 1, "a", now, std::to_string(i));
  CHECK(admitted == 4);
}

TEST_CASE("what was left out is told once, by source") {
  LogLimits limits;
  const absl::Duration now = absl::Seconds(5);
  CHECK_FALSE(limits.any_left_out());
  CHECK(Admitted(limits, 10, "a", now) == 8);
  CHECK(Admitted(limits, 9, "b", now, "192.0.2.1") == 2);
  REQUIRE(limits.any_left_out());
  std::int64_t of_a = 0;
  std::int64_t of_b = 0;
  for (const LogLimits::LeftOut& each : limits.TakeLeftOut()) {
    CHECK(each.level == kInfo);
    (each.message == "a" ? of_a : of_b) += each.lines;
  }
  CHECK(of_a == 2);
  CHECK(of_b == 7);
  CHECK_FALSE(limits.any_left_out());
  CHECK(limits.TakeLeftOut().empty());
}

TEST_CASE("however many sources there are, they are bounded in all") {
  LogLimits limits;
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) {
    admitted += Admitted(limits, 1, "message " + std::to_string(i), absl::Seconds(5));
  }
  CHECK(admitted == static_cast<int>(LogLimits::kMaxSources) - 1 + kLimit.burst);
  const auto left_out = limits.TakeLeftOut();
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].lines == 10'000 - admitted);
}

}  // namespace
}  // namespace muster

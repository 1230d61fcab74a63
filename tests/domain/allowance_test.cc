// The reconnect allowance and its credit.
#include "domain/allowance.h"

#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kNone = absl::ZeroDuration();

TEST_CASE("an allowance is as long as the blind time, within a third of the timeout and 150 s") {
  CHECK(ReconnectAllowance(absl::Seconds(1), absl::Seconds(120)) == absl::Seconds(40));
  CHECK(ReconnectAllowance(absl::Seconds(41), absl::Seconds(120)) == absl::Seconds(41));
  CHECK(ReconnectAllowance(absl::Seconds(151), absl::Seconds(120)) == absl::Seconds(150));
  CHECK(ReconnectAllowance(absl::InfiniteDuration(), absl::Seconds(3)) == absl::Seconds(150));
  CHECK(ReconnectAllowance(absl::Seconds(1), absl::Seconds(900)) == absl::Seconds(300));
  CHECK(LongestReconnectAllowance(absl::Seconds(3)) == absl::Seconds(150));
  CHECK(LongestReconnectAllowance(absl::Seconds(900)) == absl::Seconds(300));
}

TEST_CASE("what was stored is cut to what can be") {
  const AllowanceCredit high(absl::Hours(5), absl::Hours(4), absl::Seconds(150));
  CHECK(high.credit() == absl::Seconds(150));
  CHECK(high.left() == absl::Seconds(150));
  CHECK(high.full());
  const AllowanceCredit low(-absl::Hours(5), absl::Hours(4), absl::Seconds(150));
  CHECK(low.credit() == kNone);
  CHECK(low.left() == kNone);
}

TEST_CASE("an allowance is paid from the credit, and a third of what counts is earned back") {
  AllowanceCredit credit(absl::Seconds(100), kNone, absl::Seconds(150));
  CHECK(credit.Pay(absl::Seconds(9)) == kNone);
  credit.Begin(absl::Seconds(40));
  CHECK(credit.Pay(absl::Seconds(30)) == absl::Seconds(30));
  credit.Begin(absl::Seconds(5));  // the longer one goes on
  CHECK(credit.left() == absl::Seconds(10));
  CHECK(credit.Pay(absl::Seconds(30)) == absl::Seconds(10));
  CHECK(credit.credit() == absl::Seconds(60));
  credit.Earn(absl::Seconds(30));
  CHECK(credit.credit() == absl::Seconds(70));
  credit.Earn(absl::Hours(1));
  CHECK(credit.credit() == absl::Seconds(150));
  credit.Begin(absl::Hours(1));  // no more than there is
  CHECK(credit.left() == absl::Seconds(150));
  credit.Charge(absl::Seconds(20));
  CHECK(credit.left() == absl::Seconds(130));
  credit.Charge(absl::Hours(1));
  CHECK(credit.credit() == kNone);
  CHECK(credit.left() == kNone);
}

TEST_CASE("a lower cap leaves an allowance what it needs") {
  AllowanceCredit credit(absl::Seconds(400), absl::Seconds(300), absl::Seconds(400));
  credit.SetCap(absl::Seconds(150));
  CHECK(credit.credit() == absl::Seconds(300));
  CHECK(credit.Pay(absl::Seconds(200)) == absl::Seconds(200));
  credit.Earn(absl::Seconds(900));
  CHECK(credit.credit() == absl::Seconds(150));
}

}  // namespace
}  // namespace muster

// How many reads may wait, and what refused clients are told.
#include "registry/read_admission.h"

#include <cstddef>
#include <cstdint>

#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kNow = absl::Seconds(1000);
constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;  // no jitter

/// How many reads may wait if all come at once.
std::size_t MayWait(ReadAdmission& admission) {
  std::size_t waiting = 0;
  while (!admission.Refuses(kNow, waiting, kNow, kMiddle)) ++waiting;
  return waiting;
}

TEST_CASE("at any pace, as many reads may wait as are carried out in the time") {
  struct Case {
    int threads;
    absl::Duration each;
    std::size_t least;
    std::size_t most;
  };
  for (const Case& each :
       {Case{1, absl::Milliseconds(100), 9, 10}, Case{4, absl::Milliseconds(100), 38, 40},
        Case{1, absl::Milliseconds(1), 990, 1000},
        Case{2, absl::Microseconds(10), ReadAdmission::kMaxWaiting, ReadAdmission::kMaxWaiting},
        Case{4, absl::Seconds(30), 4, 4}}) {
    CAPTURE(each.threads, absl::ToDoubleSeconds(each.each));
    ReadAdmission admission(each.threads, absl::Seconds(1));
    for (int i = 0; i < 500; ++i) admission.Ended(each.each);
    const std::size_t may_wait = MayWait(admission);
    CHECK(may_wait >= each.least);
    CHECK(may_wait <= each.most);
  }
}

TEST_CASE("only the recent pace counts: slow reads are forgotten after some quick ones") {
  ReadAdmission admission(1, absl::Seconds(1));
  for (int i = 0; i < 100; ++i) admission.Ended(absl::Seconds(1));
  CHECK(MayWait(admission) == 1);
  for (int i = 0; i < 500; ++i) admission.Ended(absl::Milliseconds(1));
  CHECK(MayWait(admission) > 900);
}

TEST_CASE("no read may wait behind one that has already waited longer than the time") {
  ReadAdmission admission(2, absl::Seconds(1));
  CHECK_FALSE(admission.Refuses(kNow + absl::Seconds(1), 1, kNow, kMiddle));
  const auto refused = admission.Refuses(kNow + absl::Milliseconds(1001), 1, kNow, kMiddle);
  REQUIRE(refused);
  CHECK(refused->what == "too many reads are waiting");
  // The longer the lane hangs, the longer the delay.
  const auto later = admission.Refuses(kNow + absl::Seconds(5), 1, kNow, kMiddle);
  REQUIRE(later);
  CHECK(later->retry_after > refused->retry_after);
  CHECK_FALSE(admission.Refuses(kNow + absl::Seconds(5), 0, absl::ZeroDuration(), kMiddle));
}

TEST_CASE("the delay grows with what is refused, has jitter and a limit, and is forgotten again") {
  ReadAdmission admission(1, absl::Seconds(1));
  for (int i = 0; i < 500; ++i) admission.Ended(absl::Milliseconds(10));
  const auto delay = [&](absl::Duration now, std::uint64_t random) {
    return admission.Refuses(now, 1000, now, random)->retry_after;
  };
  CHECK(delay(kNow, kMiddle) == ReadAdmission::kMinRetry);
  for (int i = 0; i < 400; ++i) (void)delay(kNow, kMiddle);
  const absl::Duration grown = delay(kNow, kMiddle);
  CHECK(grown > absl::Seconds(3.9));
  CHECK(grown < absl::Seconds(4.1));
  CHECK(delay(kNow, 0) < 0.6 * grown);
  CHECK(delay(kNow, ~std::uint64_t{0}) > 1.4 * grown);
  for (int i = 0; i < 10'000; ++i) (void)delay(kNow, kMiddle);
  CHECK(delay(kNow, ~std::uint64_t{0}) == ReadAdmission::kMaxRetry);
  // The second before still counts; a second without refusals ends it.
  CHECK(delay(kNow + absl::Seconds(1), kMiddle) == ReadAdmission::kMaxRetry);
  CHECK(delay(kNow + absl::Seconds(4), kMiddle) == ReadAdmission::kMinRetry);
}

}  // namespace
}  // namespace muster

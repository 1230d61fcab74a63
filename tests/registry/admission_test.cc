// How much may wait, and what refused clients are told.
#include "registry/admission.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/catch.h"
#include "tests/death.h"

namespace muster {
namespace {

constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;  // no jitter

// Adds single heartbeats until one is refused.
std::int64_t Fill(Admission& admission) {
  std::int64_t units = 0;
  while (!admission.Enter(1, kMiddle)) units += Admission::Units(1);
  return units;
}

// A writer that takes `each` for a unit of work, and `commit` for each turn.
struct Writer {
  absl::Duration each;
  absl::Duration commit = absl::ZeroDuration();
  absl::Duration now = absl::Seconds(1000);

  /// Carries out all admitted work in one turn. Returns how long it took.
  absl::Duration Turn(Admission& admission, std::int64_t units) {
    const absl::Duration took = commit + each * units;
    now += took;
    admission.Leave(units);
    admission.TurnEnded(now, took, units, true);
    return took;
  }
};

TEST_CASE(
    "under overload, as much is admitted as the writer does in the time, at any pace and any commit time") {
  struct Case {
    absl::Duration each, commit;
  };
  for (const Case& c : {Case{absl::Nanoseconds(700), absl::ZeroDuration()},
                        Case{absl::Nanoseconds(300), absl::ZeroDuration()},
                        Case{absl::Nanoseconds(600), absl::Milliseconds(4)},
                        Case{absl::Nanoseconds(300), absl::Milliseconds(18)}}) {
    Admission admission;
    Writer writer{c.each, c.commit};
    for (int turn = 0; turn < 20; ++turn) writer.Turn(admission, Fill(admission));
    const absl::Duration took = writer.Turn(admission, Fill(admission));
    INFO(absl::FormatDuration(c.each)
         << " each, " << absl::FormatDuration(c.commit) << " a commit: " << took);
    CHECK(took <= Admission::kMaxWait * 1.1);
    CHECK(took >= Admission::kMaxWait * 0.5);
  }
}

TEST_CASE("a slow disk does not make batches small: less would be done for each commit") {
  Admission admission;
  Writer writer{absl::Microseconds(1), absl::Milliseconds(300)};
  for (int turn = 0; turn < 20; ++turn) writer.Turn(admission, Fill(admission));
  CHECK(Fill(admission) >= Admission::kMinLimit);
}

TEST_CASE("a slow turn with little work does not lower the limit") {
  Admission admission;
  Writer writer{absl::Microseconds(1), absl::Milliseconds(40)};
  for (int turn = 0; turn < 100; ++turn) {
    REQUIRE_FALSE(admission.Enter(1, kMiddle));
    writer.Turn(admission, Admission::Units(1));
  }
  CHECK(Fill(admission) >= Admission::kMaxLimit);
}

TEST_CASE("a writer that gets faster admits more again") {
  Admission admission;
  Writer writer{absl::Microseconds(2), absl::ZeroDuration()};
  for (int turn = 0; turn < 20; ++turn) writer.Turn(admission, Fill(admission));
  writer.each = absl::Nanoseconds(500);
  for (int turn = 0; turn < 20; ++turn) writer.Turn(admission, Fill(admission));
  CHECK(Fill(admission) >= 55'000);
}

TEST_CASE("changes enter when heartbeats may not, within a limit") {
  Admission admission;
  Fill(admission);
  REQUIRE(admission.Refuses(1, kMiddle));
  std::int64_t changes = 0;
  while (!admission.Enter(0, kMiddle)) ++changes;
  CHECK(changes >= 20'000);
  CHECK(changes <= 30'000);
}

TEST_CASE("the more is refused, the longer the delay, and it never comes near the timeout") {
  Admission admission;
  Writer writer{absl::Nanoseconds(500)};
  for (int turn = 0; turn < 20; ++turn) writer.Turn(admission, Fill(admission));
  // At half a microsecond for a unit, a second's work is two million units.
  const std::int64_t inside = Fill(admission);
  for (std::int64_t units = 0; units < 2'000'000; units += Admission::Units(1))
    (void)admission.Enter(1, kMiddle);
  const absl::Duration far_over = admission.Enter(1, kMiddle)->retry_after;
  CHECK(far_over > absl::Seconds(0.8));
  CHECK(far_over < absl::Seconds(1.2));
  admission.Configure(absl::Seconds(6));
  CHECK(admission.Enter(1, kMiddle)->retry_after <= absl::Seconds(1));

  // After a quiet time nothing is owed any more.
  admission.Leave(inside);
  for (int second = 0; second < 3; ++second) {
    writer.now += absl::Seconds(1);
    writer.Turn(admission, 0);
  }
  Fill(admission);
  CHECK(admission.Enter(1, kMiddle)->retry_after == Admission::kMinRetry);
}

TEST_CASE("refused clients are spread, so that they do not come back all at once") {
  Admission admission;
  Fill(admission);
  const absl::Duration soonest = admission.Enter(1, 0)->retry_after;
  const absl::Duration latest = admission.Enter(1, ~std::uint64_t{0})->retry_after;
  CHECK(latest > soonest * 2.5);
}

TEST_CASE("a refused command holds no place") {
  Admission admission;
  const std::int64_t inside = Fill(admission);
  for (int i = 0; i < 1'000; ++i) REQUIRE(admission.Enter(1, kMiddle));
  admission.Leave(inside);
  CHECK(Fill(admission) >= inside);
}

TEST_CASE("no more leaves than was admitted") {
  Admission admission;
  REQUIRE_FALSE(admission.Enter(1, 0));
  testing::CheckDies([&admission] { admission.Leave(Admission::Units(2)); },
                     "no more leaves than was let in");
  admission.Leave(Admission::Units(1));
}

}  // namespace
}  // namespace muster

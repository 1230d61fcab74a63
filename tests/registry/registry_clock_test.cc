#include "registry/registry_clock.h"

#include <string>

#include "absl/time/time.h"
#include "muster/settings.h"
#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

ListeningTime At(absl::Duration clock) {
  return ListeningTime() + clock;
}

ListeningReport Advancing(absl::Duration at) {
  return {{At(at), absl::Seconds(7)}, true, ""};
}

struct Fixture {
  Settings settings;
  RegistryClock clock;
  absl::Duration monotonic = absl::Seconds(1000);

  Fixture() {
    clock.Configure(settings);
    clock.Observe(monotonic);
  }
  void Pass(absl::Duration time) {
    for (absl::Duration left = time; left > absl::ZeroDuration(); left -= kTick) {
      monotonic += std::min(left, kTick);
      clock.Observe(monotonic);
    }
  }
  std::string Because() const { return clock.NotListeningBecause(monotonic); }
};

TEST_CASE("before it leads or hears of a leader the clock stands at zero, and says so") {
  Fixture f;
  f.Pass(absl::Seconds(5));
  CHECK_FALSE(f.clock.leads());
  CHECK(f.clock.now() == ListeningTime());
  CHECK(f.Because() == "the daemon is starting");
}

TEST_CASE("while it leads it is its own listening clock") {
  Fixture f;
  f.clock.Lead(f.monotonic, std::nullopt, f.settings, "x");
  f.Pass(absl::Seconds(5));
  CHECK(f.clock.leads());
  CHECK(f.clock.now() == At(absl::Seconds(5)));
  CHECK(f.Because().empty());
  CHECK(f.clock.report().advancing);
  CHECK(f.clock.report().state.now == At(absl::Seconds(5)));
  f.clock.DaemonLost();
  f.Pass(absl::Seconds(5));
  CHECK(f.clock.now() == At(absl::Seconds(5)));
  CHECK(f.Because().starts_with("a daemon was lost"));
  CHECK_FALSE(f.clock.report().advancing);
  CHECK(f.clock.report().because == f.Because());
}

TEST_CASE("a follower's clock is the leader's, plus the time that has passed since, two ticks at most") {
  Fixture f;
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  f.Pass(absl::Milliseconds(700));
  CHECK(f.clock.now() == At(absl::Milliseconds(100'700)));
  CHECK(f.Because().empty());
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.now() == At(absl::Seconds(102)));
  // It would write what it heard: only the leader moves the clock.
  CHECK(f.clock.report().state.now == At(absl::Seconds(100)));
  CHECK(f.clock.report().state.allowance_credit == absl::Seconds(7));
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(110)), f.settings);
  CHECK(f.clock.now() == At(absl::Seconds(110)));
}

TEST_CASE("if the leader's clock stands still, the follower's does too, for the same reason") {
  Fixture f;
  f.clock.Follow(f.monotonic, {{At(absl::Seconds(100)), {}}, false, "the daemon was started again"},
                 f.settings);
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  CHECK(f.Because() == "the daemon was started again");
  f.clock.DaemonLost();  // only the leader acts on it
  f.clock.Nudge();
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  CHECK(f.Because() == "the daemon was started again");
}

TEST_CASE("both say first that the store is away, and only the leader has an allowance afterwards") {
  Fixture f;
  const bool leads = GENERATE(true, false);
  if (leads) {
    f.clock.Lead(f.monotonic, std::nullopt, f.settings, "x");
  } else {
    f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  }
  f.clock.StoreFailed();
  CHECK(f.clock.store_away());
  CHECK(f.Because() == "the store is not available; until it is");
  f.clock.StoreWorks();
  CHECK_FALSE(f.clock.store_away());
  CHECK(f.Because().empty() != leads);
}

TEST_CASE("a new leader starts from what was stored last, and keeps nothing when it stops leading") {
  Fixture f;
  f.clock.Lead(f.monotonic, ListeningState{At(absl::Seconds(50)), absl::Seconds(3)}, f.settings,
               "another daemon had led before");
  CHECK(f.clock.now() == At(absl::Seconds(50)));
  CHECK(f.Because().starts_with("another daemon had led before"));
  f.Pass(absl::Seconds(2));
  CHECK(f.clock.now() == At(absl::Seconds(50)));  // the allowance
  f.Pass(absl::Seconds(4));
  CHECK(f.clock.now() == At(absl::Seconds(53)));

  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(52)), f.settings);  // the other daemon heard less
  CHECK_FALSE(f.clock.leads());
  CHECK(f.clock.now() == At(absl::Seconds(52)));
  f.Pass(absl::Minutes(10));
  CHECK(f.clock.now() == At(absl::Seconds(54)));

  f.clock.Lead(f.monotonic, ListeningState{At(absl::Seconds(60)), absl::ZeroDuration()}, f.settings, "y");
  CHECK(f.clock.now() == At(absl::Seconds(60)));  // it did not lead in the ten minutes
  f.Pass(absl::Seconds(2));
  CHECK(f.clock.now() == At(absl::Seconds(62)));
}

TEST_CASE("an outage during one lead causes no allowance in the next lead") {
  Fixture f;
  f.clock.Lead(f.monotonic, std::nullopt, f.settings, "x");
  f.clock.StoreFailed();
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  f.clock.StoreWorks();
  f.clock.Lead(f.monotonic, ListeningState{At(absl::Seconds(100)), absl::ZeroDuration()}, f.settings, "y");
  CHECK(f.Because().empty());
  f.Pass(absl::Seconds(2));
  CHECK(f.clock.now() == At(absl::Seconds(102)));
}

TEST_CASE("a reading of the monotonic clock that is older than the last one moves nothing back") {
  Fixture f;
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  f.Pass(absl::Seconds(1));
  f.clock.Observe(f.monotonic - absl::Seconds(5));
  CHECK(f.clock.now() == At(absl::Seconds(101)));
}

}  // namespace
}  // namespace muster

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

TEST_CASE("before it leads or hears of a leader the clock stands at nothing, and says so") {
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

TEST_CASE(
    "while it follows it is the leader's, brought forward by what has passed since, two ticks at most") {
  Fixture f;
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  f.Pass(absl::Milliseconds(700));
  CHECK(f.clock.now() == At(absl::Milliseconds(100'700)));
  CHECK(f.Because().empty());
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.now() == At(absl::Seconds(102)));
  // What it would write is what it heard: time is the leader's to give.
  CHECK(f.clock.report().state.now == At(absl::Seconds(100)));
  CHECK(f.clock.report().state.allowance_credit == absl::Seconds(7));
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(110)), f.settings);
  CHECK(f.clock.now() == At(absl::Seconds(110)));
}

TEST_CASE("where the leader's stands still, so does the follower's, for the same reason") {
  Fixture f;
  f.clock.Follow(f.monotonic, {{At(absl::Seconds(100)), {}}, false, "the daemon was started again"},
                 f.settings);
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  CHECK(f.Because() == "the daemon was started again");
  f.clock.DaemonLost();  // the leader's to heed
  f.clock.Nudge();
  CHECK(f.clock.now() == At(absl::Seconds(100)));
  CHECK(f.Because() == "the daemon was started again");
}

TEST_CASE("a store that is away is what both say first, and only the leader pays for it with an allowance") {
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

TEST_CASE("a lead is taken with what was stored last, and given up without a trace of one's own") {
  Fixture f;
  f.clock.Lead(f.monotonic, ListeningState{At(absl::Seconds(50)), absl::Seconds(3)}, f.settings,
               "another daemon had led before");
  CHECK(f.clock.now() == At(absl::Seconds(50)));
  CHECK(f.Because().starts_with("another daemon had led before"));
  f.Pass(absl::Seconds(2));
  CHECK(f.clock.now() == At(absl::Seconds(50)));  // the allowance
  f.Pass(absl::Seconds(4));
  CHECK(f.clock.now() == At(absl::Seconds(53)));

  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(52)), f.settings);  // the other one knew less of it
  CHECK_FALSE(f.clock.leads());
  CHECK(f.clock.now() == At(absl::Seconds(52)));
  f.Pass(absl::Minutes(10));
  CHECK(f.clock.now() == At(absl::Seconds(54)));

  f.clock.Lead(f.monotonic, ListeningState{At(absl::Seconds(60)), absl::ZeroDuration()}, f.settings, "y");
  CHECK(f.clock.now() == At(absl::Seconds(60)));  // the ten minutes were not its own
  f.Pass(absl::Seconds(2));
  CHECK(f.clock.now() == At(absl::Seconds(62)));
}

TEST_CASE("an outage of one lead is not made up for in the next one") {
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

TEST_CASE("a reading of the monotonic clock that is older than the last one takes nothing back") {
  Fixture f;
  f.clock.Follow(f.monotonic, Advancing(absl::Seconds(100)), f.settings);
  f.Pass(absl::Seconds(1));
  f.clock.Observe(f.monotonic - absl::Seconds(5));
  CHECK(f.clock.now() == At(absl::Seconds(101)));
}

}  // namespace
}  // namespace muster

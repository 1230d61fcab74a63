#include "registry/listening_clock.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "muster/settings.h"
#include "tests/catch.h"

namespace muster {
namespace {

// A daemon that reads its clock every tick, and what remains when it dies.
class Daemon {
 public:
  explicit Daemon(absl::Duration timeout = absl::Minutes(2)) {
    settings_.heartbeat_timeout = timeout;
    clock_.Start(monotonic_, std::nullopt, settings_);
  }

  void Work(absl::Duration time) {
    const absl::Duration end = monotonic_ + time;
    while (monotonic_ < end) {
      monotonic_ = std::min(end, monotonic_ + ListeningClock::Tick(settings_));
      clock_.Observe(monotonic_);
    }
  }
  // Nothing runs: SIGSTOP, a suspended machine, a disk that hangs.
  void Freeze(absl::Duration time) {
    Stick(time);
    clock_.Observe(monotonic_);  // the tick is long overdue
  }
  void Stick(absl::Duration time) { monotonic_ += time; }
  // kill -9, and a start after `away`.
  void Restart(absl::Duration away) {
    const ListeningState stored = clock_.state();
    monotonic_ += away;
    clock_ = ListeningClock();
    clock_.Start(monotonic_, stored, settings_);
  }

  absl::Duration now() const { return clock_.now() - ListeningTime(); }
  std::string why() const { return clock_.NotListeningBecause(monotonic_); }
  ListeningClock& clock() { return clock_; }
  absl::Duration credit() const {
    return absl::Trunc(clock_.state().allowance_credit + absl::Microseconds(500), absl::Milliseconds(1));
  }

 private:
  Settings settings_;
  absl::Duration monotonic_ = absl::Seconds(777);
  ListeningClock clock_;
};

absl::Duration Seconds(double seconds) {
  return absl::Seconds(seconds);
}

TEST_CASE("a new roll listens at once") {
  Daemon daemon;
  CHECK(daemon.why().empty());
  daemon.Work(Seconds(90));
  CHECK(daemon.now() == Seconds(90));
  CHECK(daemon.credit() == Seconds(40));
}

TEST_CASE("the example of the header") {
  Daemon daemon;
  daemon.Work(Seconds(100));
  daemon.Freeze(absl::Hours(1));
  daemon.Work(Seconds(40));
  CHECK(daemon.now() == Seconds(100));
  CHECK(daemon.credit() == Seconds(0));
  daemon.Work(Seconds(60));
  CHECK(daemon.now() == Seconds(160));
  CHECK(daemon.credit() == Seconds(20));
  daemon.Restart(absl::Hours(10));
  daemon.Work(Seconds(20));
  CHECK(daemon.now() == Seconds(160));
  CHECK(daemon.credit() == Seconds(0));
  daemon.Work(Seconds(10));
  CHECK(daemon.now() == Seconds(170));
}

TEST_CASE("an outage of any kind and length never counts as silence") {
  struct Case {
    std::string what;
    void (*happens)(Daemon&);
  };
  const Case cases[] = {
      {"SIGSTOP for an hour", [](Daemon& d) { d.Freeze(absl::Hours(1)); }},
      {"SIGSTOP for six seconds", [](Daemon& d) { d.Freeze(Seconds(6)); }},
      {"down for a day", [](Daemon& d) { d.Restart(absl::Hours(24)); }},
      {"down for no time at all", [](Daemon& d) { d.Restart(Seconds(0)); }},
      {"the store away for an hour",
       [](Daemon& d) {
         d.clock().StoreFailed();
         d.Work(absl::Hours(1));
         d.clock().StoreWorks();
       }},
      {"the store away, and frozen meanwhile",
       [](Daemon& d) {
         d.clock().StoreFailed();
         d.Work(Seconds(10));
         d.Freeze(absl::Hours(1));
         d.Work(Seconds(10));
         d.clock().StoreWorks();
       }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Daemon daemon;
    daemon.Work(Seconds(100));
    c.happens(daemon);
    daemon.Work(Seconds(40));  // the allowance
    CHECK(daemon.now() == Seconds(100));
    CHECK(daemon.why().empty());
    daemon.Work(Seconds(5));
    CHECK(daemon.now() == Seconds(105));
  }
}

TEST_CASE("a short pause is not an outage, and counts for two ticks at most") {
  Daemon daemon;
  daemon.Work(Seconds(100));
  daemon.Freeze(Seconds(3.5));
  CHECK(daemon.now() == Seconds(102));
  CHECK(daemon.why().empty());
}

TEST_CASE("whatever fails again and again, the clock advances") {
  struct Case {
    std::string what;
    void (*one_round)(Daemon&);
    double hears;       // seconds of each round in which the daemon hears
    double max_passes;  // seconds until the clock has moved by one timeout
  };
  // Three quarters of what it hears, minus one allowance: (120 / 0.75 + 40) s of hearing.
  const Case cases[] = {
      {"restarts every minute",
       [](Daemon& d) {
         d.Work(Seconds(60));
         d.Restart(Seconds(5));
       },
       60, 200},
      {"restarts every ten seconds",
       [](Daemon& d) {
         d.Work(Seconds(10));
         d.Restart(Seconds(5));
       },
       10, 200},
      {"freezes every ten seconds",
       [](Daemon& d) {
         d.Work(Seconds(10));
         d.Freeze(Seconds(30));
       },
       10, 200},
      {"one commit in ten fails",
       [](Daemon& d) {
         d.Work(Seconds(9));
         d.clock().StoreFailed();
         d.Work(Seconds(1));
         d.clock().StoreWorks();
       },
       9, 200},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Daemon daemon;
    double heard = 0;
    while (daemon.now() < absl::Minutes(2)) {
      c.one_round(daemon);
      heard += c.hears;
      REQUIRE(heard <= c.max_passes + c.hears);
    }
  }
}

TEST_CASE("a short timeout has short ticks and a short allowance") {
  Daemon daemon(Seconds(3));
  daemon.Work(Seconds(2));
  daemon.Freeze(Seconds(0.7));
  daemon.Work(Seconds(1));
  CHECK(daemon.now() == Seconds(2));
  daemon.Work(Seconds(1));
  CHECK(daemon.now() == Seconds(3));
}

TEST_CASE("it says why it stands still, and for how much longer") {
  Daemon daemon;
  CHECK(ListeningClock().NotListeningBecause(Seconds(5)) == "the daemon is starting");
  daemon.Work(Seconds(100));
  daemon.Stick(Seconds(90));
  CHECK(daemon.why() == "the writer has been stuck for 1m30s");
  daemon.Freeze(Seconds(1));
  CHECK(daemon.why() ==
        "the daemon was stopped or stuck for 1m31s; workers have 40s more to find their way back");
  daemon.Work(Seconds(38));
  CHECK(daemon.why() ==
        "the daemon was stopped or stuck for 1m31s; workers have 2s more to find their way back");
  daemon.clock().StoreFailed();
  CHECK(daemon.why() == "the store is not available; until it is");
  daemon.clock().StoreWorks();
  CHECK(daemon.why() == "the store was not available; workers have 2s more to find their way back");
  daemon.Restart(Seconds(1));
  CHECK(daemon.why() == "the daemon was started again; workers have 2s more to find their way back");
  daemon.Work(Seconds(2));
  CHECK(daemon.why().empty());
}

TEST_CASE("a stored credit is limited to what the settings allow") {
  Settings settings;
  ListeningClock clock;
  clock.Start(Seconds(1), ListeningState{ListeningTime::FromMicros(5), absl::Hours(5)}, settings);
  CHECK(clock.state().allowance_credit == Seconds(40));
  settings.heartbeat_timeout = Seconds(30);
  clock.Configure(settings);
  CHECK(clock.state().allowance_credit == Seconds(10));
  clock.Start(Seconds(1), ListeningState{ListeningTime::FromMicros(5), -absl::Hours(5)}, settings);
  CHECK(clock.state().allowance_credit == Seconds(0));
}

}  // namespace
}  // namespace muster

// Whose clock is the clock of the roll, and what is counted of probes and blind times.
#include "registry/listening.h"

#include <string>

#include "absl/time/time.h"
#include "muster/settings.h"
#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr char kBoot[] = "boot";

ListeningTime At(absl::Duration clock) {
  return ListeningTime() + clock;
}

ListeningReport Advancing(absl::Duration at) {
  return {{At(at), absl::Seconds(7)}, At(at + absl::Seconds(1)), true, ""};
}

/// A daemon that hears itself at every tick, unless it is deaf.
struct Fixture {
  explicit Fixture(bool leads) { clock.Start(now, kBoot, std::nullopt, {"grpc"}, settings, leads); }
  void Pass(absl::Duration time) {
    for (absl::Duration left = time; left > absl::ZeroDuration(); left -= kTick) {
      now += std::min(left, kTick);
      clock.ProbeSent(0, now);
      deaf ? clock.ProbeFailed(0, now, "refused", now) : clock.ProbeAnswered(0, now, now);
    }
  }
  std::string Because() const { return clock.NotListeningBecause(now); }

  Settings settings;
  Listening clock;
  absl::Duration now = absl::Seconds(1000);
  bool deaf = false;
};

TEST_CASE("before it leads or hears of a leader the clock stands at zero, and says so") {
  Fixture f(false);
  f.Pass(absl::Seconds(5));
  CHECK_FALSE(f.clock.Now(f.now).leads);
  CHECK(f.clock.Proven(f.now) == ListeningTime());
  CHECK(f.Because() == "the daemon is starting");
  CHECK(f.clock.Now(f.now).deaf_because.empty());
}

TEST_CASE("a leader goes by its own probes") {
  Fixture f(true);
  f.Pass(absl::Seconds(6));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(5)));
  CHECK(f.Because().empty());
  CHECK(f.clock.Report(f.now).advancing);
  CHECK(f.clock.Report(f.now).state.proven == At(absl::Seconds(5)));
  f.clock.DaemonLost();
  f.Pass(absl::Seconds(5));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(5)));
  CHECK(f.Because().starts_with("a daemon was lost"));
  CHECK(f.clock.Now(f.now).deaf_because.empty());  // and it is ready all the time
  CHECK_FALSE(f.clock.Report(f.now).advancing);
  f.Pass(absl::Seconds(40));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(10)));
}

TEST_CASE("a follower's clock is the leader's, plus the time that has passed since, two ticks at most") {
  Fixture f(false);
  f.clock.Follow(f.now, Advancing(absl::Seconds(100)), f.settings);
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(100)));
  CHECK(f.clock.Running(f.now) == At(absl::Seconds(101)));
  f.Pass(absl::Seconds(1));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(101)));
  CHECK(f.Because().empty());
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(102)));
  CHECK(f.clock.Running(f.now) == At(absl::Seconds(103)));
  CHECK(f.clock.StoredState().proven == At(absl::Seconds(100)));  // only the leader moves the clock
  f.clock.Follow(f.now, Advancing(absl::Seconds(110)), f.settings);
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(110)));
}

TEST_CASE("if the leader's clock stands still, the follower's does too, and its stamps go on") {
  Fixture f(false);
  f.clock.Follow(f.now, {{At(absl::Seconds(100))}, At(absl::Seconds(101)), false, "it was started again"},
                 f.settings);
  f.clock.DaemonLost();  // only the leader acts on it
  f.Pass(absl::Seconds(30));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(100)));
  CHECK(f.clock.Running(f.now) == At(absl::Seconds(103)));
  CHECK(f.Because() == "it was started again");
}

TEST_CASE("a new lead: an allowance as long as the roll stood still, and stamps never go back") {
  Fixture f(false);
  f.clock.Follow(f.now, Advancing(absl::Seconds(100)), f.settings);
  f.Pass(absl::Seconds(30));
  const ListeningTime stamp = f.clock.Running(f.now);
  f.clock.Follow(f.now, Advancing(absl::Seconds(100)), f.settings);  // nothing new
  ProvenState last{At(absl::Seconds(100)), absl::Seconds(150), {}, "another machine"};
  f.clock.Lead(f.now, last, f.settings);
  CHECK(f.clock.Running(f.now) >= stamp);
  CHECK(f.Because().starts_with("another daemon had led before"));
  f.Pass(absl::Seconds(41));  // a third of the timeout is longer than 30 s
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(100)));
  f.Pass(absl::Seconds(5));
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(105)));

  f.clock.Follow(f.now, Advancing(absl::Seconds(102)), f.settings);  // the other daemon heard less
  CHECK(f.clock.Proven(f.now) == At(absl::Seconds(102)));
}

TEST_CASE("blind times are counted by cause, and probes by how they ended") {
  Fixture f(true);
  f.Pass(absl::Seconds(10));
  f.deaf = true;
  f.Pass(absl::Seconds(20));
  f.deaf = false;
  f.Pass(absl::Seconds(10));
  f.clock.CommitFailed(f.now);
  f.Pass(absl::Seconds(7));
  f.clock.CommitWorked();
  f.Pass(absl::Seconds(2));
  f.now += absl::Minutes(1);
  f.Pass(absl::Seconds(5));
  const Listening::Status status = f.clock.Now(f.now);
  CHECK(status.blind_times == 3);
  const auto blind = [&](BlindCause cause) { return status.blind[static_cast<std::size_t>(cause)]; };
  CHECK(blind(BlindCause::kStarting) == absl::Seconds(1));
  CHECK(blind(BlindCause::kDeaf) == absl::Seconds(21));
  CHECK(blind(BlindCause::kStoreAway) == absl::Seconds(8));
  CHECK(blind(BlindCause::kStopped) == absl::Seconds(61));
  CHECK(status.probes.failed == 20);
  CHECK(status.probes.answered == 34);
}

}  // namespace
}  // namespace muster

// Each accident of a roll that several daemons share: what it counts for, who pays, and what people are told.
#include "domain/shared_clock.h"

#include <cmath>
#include <map>

#include "tests/catch.h"

namespace muster {
namespace {

absl::Duration Seconds(double seconds) {
  return absl::Seconds(seconds);
}

// T = 120 s: ticks of 1 s, and a full credit of a member of 270 s.
class Roll {
 public:
  Roll() { clock_.Start(now_, std::nullopt, Settings()); }

  void Join(const std::string& name) {
    clock_.Join(name, now_);
    says_[name] = MemberReport{true, 0, Seconds(0)};
  }
  /// The members report at each tick, but for those in `mute`.
  void Work(double seconds, const std::string& mute = "") {
    for (int i = 0; i < seconds; ++i) {
      now_ += Seconds(1);
      for (const auto& [name, report] : says_) {
        if (name != mute) clock_.Report(name, report, now_);
      }
      for (std::string& dropped : clock_.Tick(now_)) dropped_.push_back(std::move(dropped));
    }
  }
  void GoesDeaf(const std::string& name) {
    says_[name].hears = false;
    ++says_[name].blind_times;
  }
  void HearsAgain(const std::string& name) { says_[name].hears = true; }
  void Leaves(const std::string& name) {
    says_.erase(name);
    clock_.SessionGone(name, now_);
  }
  void ChangeLeader(double away) {
    const SharedState state = clock_.stored_state();
    now_ += Seconds(away);
    clock_.Start(now_, state, Settings());
  }
  void StepDatabase(double seconds) { now_ += Seconds(seconds); }

  double proven() const { return absl::ToDoubleSeconds(clock_.proven() - ListeningTime()); }
  double credit(const std::string& name) const {
    for (const SharedState::Member& member : clock_.stored_state().members) {
      if (member.name == name) return std::round(absl::ToDoubleSeconds(member.credit));
    }
    return -1;
  }
  std::string why() const { return clock_.NotListeningBecause(); }
  SharedClock& clock() { return clock_; }
  const std::vector<std::string>& dropped() const { return dropped_; }
  absl::Duration now() const { return now_; }

 private:
  SharedClock clock_;
  absl::Duration now_ = absl::Hours(1000);
  std::map<std::string, MemberReport> says_;
  std::vector<std::string> dropped_;
};

// Two members, and 100 s on the clock.
Roll Two() {
  Roll roll;
  roll.Join("a");
  roll.Join("b");
  roll.Work(101);
  REQUIRE(roll.proven() == 100);
  REQUIRE(roll.why().empty());
  REQUIRE(roll.credit("b") == 270);
  return roll;
}

TEST_CASE("a shared roll that was never written counts when its first member hears") {
  CHECK(SharedClock().NotListeningBecause() == "no daemon leads the roll yet");
  Roll roll;
  CHECK(roll.why() == "no daemon hears its workers; until one does");
  roll.Work(9);
  roll.Join("a");
  roll.Work(5);
  CHECK(roll.proven() == 4);
  CHECK(roll.clock().running() == roll.clock().proven());
}

TEST_CASE("the example of the header of the shared clock") {
  Roll roll = Two();
  roll.GoesDeaf("b");
  roll.Work(30);
  CHECK(roll.proven() == 100);
  roll.HearsAgain("b");
  CHECK(roll.credit("b") == 240);
  roll.Work(41);  // it hears after the first second of these
  CHECK(roll.proven() == 100);
  CHECK(roll.credit("b") == 199);
  roll.Work(60);
  CHECK(roll.proven() == 160);
  CHECK(roll.credit("b") == 219);
  roll.Leaves("b");
  CHECK(roll.credit("b") == 219);
  roll.Work(40);
  CHECK(roll.proven() == 160);
  CHECK(roll.credit("b") == 179);
}

TEST_CASE("the clock is the earliest of the members' proven moments") {
  Roll roll = Two();
  roll.clock().Report("a", {true, 0, Seconds(0)}, roll.now() + Seconds(2));
  CHECK(roll.proven() == 100);
  roll.clock().Report("b", {true, 0, Seconds(1.5)}, roll.now() + Seconds(2));
  CHECK(roll.proven() == 100.5);
  CHECK(roll.clock().running() == ListeningTime() + Seconds(102));
}

TEST_CASE("a deaf member stops the roll, is named, and is dropped after one timeout") {
  Roll roll = Two();
  roll.GoesDeaf("b");
  roll.Work(100);
  CHECK(roll.proven() == 100);
  REQUIRE(roll.clock().HeldBackBy());
  CHECK(roll.clock().HeldBackBy()->name == "b");
  CHECK(roll.clock().HeldBackBy()->since == roll.now() - Seconds(100));
  CHECK(roll.why() == "b has not heard its workers for 1m40s; until it does, or is dropped in 20s");
  CHECK_FALSE(roll.clock().MustGiveLeadBack("a"));
  CHECK(roll.dropped().empty());
  roll.Work(20);
  CHECK(roll.dropped() == std::vector<std::string>{"b has not heard its workers for 2m"});
  CHECK_FALSE(roll.clock().HeldBackBy());
  CHECK(roll.why() == "b did not hear its workers; workers have 2m more to find their way back");
  CHECK(roll.credit("b") == 150);
  roll.Work(120);
  CHECK(roll.proven() == 100);
  CHECK(roll.why().empty());
  CHECK(roll.credit("b") == 30);
  roll.Work(10);
  CHECK(roll.proven() == 110);
  roll.HearsAgain("b");  // a member again, without a stop
  roll.Work(10);
  CHECK(roll.proven() == 120);
}

TEST_CASE("a missing report is deafness, and what a late one says does not change that") {
  Roll roll = Two();
  roll.Work(4, "b");
  CHECK_FALSE(roll.clock().HeldBackBy());
  roll.Work(1, "b");
  CHECK(roll.clock().HeldBackBy()->name == "b");
  CHECK(roll.proven() == 100);
  roll.Work(41);
  CHECK(roll.proven() == 100);
  CHECK(roll.credit("b") == 270 - 6 - 40);
  roll.Work(1);
  CHECK(roll.proven() == 101);
}

TEST_CASE("reports that are up to four ticks late stop nothing") {
  Roll roll = Two();
  roll.Work(3, "b");
  roll.Work(1);
  CHECK(roll.proven() == 104);
  CHECK(roll.credit("b") == 270);
}

TEST_CASE("a member that was blind between two reports was deaf") {
  Roll roll = Two();
  roll.GoesDeaf("b");
  roll.HearsAgain("b");
  roll.Work(41);
  CHECK(roll.proven() == 100);
  roll.Work(1);
  CHECK(roll.proven() == 101);
}

TEST_CASE("also where it is the only one") {
  Roll roll;
  roll.Join("a");
  roll.Work(101);
  roll.GoesDeaf("a");
  roll.HearsAgain("a");
  roll.Work(41);
  CHECK(roll.proven() == 100);
  roll.Work(1);
  CHECK(roll.proven() == 101);
  CHECK(roll.credit("a") == 270);
}

TEST_CASE("a member whose session goes is dropped at once") {
  Roll roll = Two();
  roll.Leaves("b");
  CHECK(roll.why() == "b was lost; workers have 40s more to find their way back");
  roll.Work(40);
  CHECK(roll.dropped() == std::vector<std::string>{"b lost its session"});
  CHECK(roll.proven() == 100);
  roll.Work(1);
  CHECK(roll.proven() == 101);
  roll.clock().SessionGone("nobody", roll.now());
  CHECK(roll.credit("nobody") == -1);
}

TEST_CASE("another process under the same name replaces the member") {
  Roll roll = Two();
  roll.Join("b");
  roll.Work(40);
  CHECK(roll.dropped() == std::vector<std::string>{"b was replaced by another process"});
  CHECK(roll.proven() == 100);
}

TEST_CASE("a deaf leader gives the lead back, if there is another daemon to take it") {
  Roll roll = Two();
  roll.GoesDeaf("a");
  roll.Work(1);
  CHECK(roll.clock().MustGiveLeadBack("a"));
  CHECK_FALSE(roll.clock().MustGiveLeadBack("b"));
  roll.GoesDeaf("b");
  roll.Work(1);
  CHECK_FALSE(roll.clock().MustGiveLeadBack("a"));
  CHECK(roll.why() == "no daemon hears its workers; until one does");
}

TEST_CASE("while no member hears nobody pays, and the allowance is the roll's") {
  Roll roll = Two();
  roll.Leaves("b");
  roll.Work(40);
  roll.GoesDeaf("a");
  roll.Work(300);
  CHECK(roll.proven() == 100);
  CHECK(roll.credit("a") == 270);
  roll.HearsAgain("a");
  roll.Work(151);
  CHECK(roll.proven() == 100);
  CHECK(roll.clock().stored_state().credit == Seconds(0));
  roll.Work(1);
  CHECK(roll.proven() == 101);
}

TEST_CASE("nor does the only member pay when its session goes") {
  Roll roll;
  roll.Join("a");
  roll.Work(101);
  roll.Leaves("a");
  roll.Work(60);
  roll.Join("a");
  roll.Work(62);
  CHECK(roll.proven() == 100);
  CHECK(roll.why().empty());
  CHECK(roll.credit("a") == 270);
  CHECK(roll.clock().stored_state().credit == Seconds(150 - 61));
}

TEST_CASE("a member that crashes again and again does not stop the roll for ever") {
  Roll roll = Two();
  int seconds = 0;
  for (; roll.proven() < 220; seconds += 3) {
    roll.Leaves("b");
    roll.Join("b");
    roll.Work(3);
    REQUIRE(seconds < 270 + 160 + 3);
  }
  CHECK(seconds > 270);
}

TEST_CASE("nor does one that comes with a new name each time") {
  Roll roll = Two();
  for (int i = 0; i < 800; ++i) {
    roll.Join("pod " + std::to_string(i));
    roll.Work(3);
    roll.Leaves("pod " + std::to_string(i));
  }
  // 2400 s: the credit of three new names at first, and then half of the time at least.
  CHECK(roll.proven() >= 100 + (2400 - 810) / 2);
  CHECK(roll.clock().stored_state().members.size() <= 2 + 65);
  CHECK(roll.credit("b") == 270);
}

TEST_CASE("a deaf member without credit is passed over") {
  Roll roll = Two();
  while (roll.credit("b") > 30) {
    roll.GoesDeaf("b");
    roll.Work(60);
    roll.HearsAgain("b");
    roll.Work(1);
  }
  roll.Work(60);
  const double before = roll.proven();
  roll.GoesDeaf("b");
  roll.Work(100);
  CHECK(roll.proven() > before + 50);
  CHECK_FALSE(roll.clock().HeldBackBy());
  CHECK(roll.clock().MustGiveLeadBack("b"));
}

TEST_CASE("what a member without credit cannot pay does not stop the roll") {
  Roll roll = Two();
  for (int i = 0; i < 200; ++i) {
    roll.Work(5, "b");
    roll.Work(1);
  }
  CHECK(roll.proven() >= 100 + 0.75 * (1200 - 270) - 10);
}

TEST_CASE("to change the leader costs no time, and nothing is forgotten") {
  Roll roll = Two();
  roll.ChangeLeader(3);
  CHECK(roll.why().empty());
  roll.Work(2);
  CHECK(roll.proven() == 105);
  roll.GoesDeaf("b");
  roll.Work(10);
  roll.ChangeLeader(3);
  CHECK(roll.clock().HeldBackBy()->name == "b");
  roll.HearsAgain("b");
  roll.Work(11);
  CHECK(roll.why() == "no daemon heard its workers; workers have 30s more to find their way back");
  roll.ChangeLeader(0);
  roll.Work(30);
  CHECK(roll.proven() == 105);
  roll.Work(1);
  CHECK(roll.proven() == 106);
}

TEST_CASE("the database's clock may step") {
  Roll roll = Two();
  roll.StepDatabase(-5000);
  roll.Work(10);
  CHECK(roll.proven() == 109);  // one tick is lost
  roll.StepDatabase(5000);
  roll.Work(151);
  CHECK(roll.proven() == 109);  // all reports were missing
  roll.Work(1);
  CHECK(roll.proven() == 110);
  // A new leader finds a clock that went back: the blind time is not known.
  roll.Work(1000);
  const double before = roll.proven();
  roll.ChangeLeader(-5000);
  roll.Work(151);
  CHECK(roll.proven() == before);
  roll.Work(1);
  CHECK(roll.proven() == before + 1);
}

}  // namespace
}  // namespace muster

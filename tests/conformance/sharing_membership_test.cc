// Which of the stores of one place leads, which was lost, and whose run of jobs is under way. One look is one
// call: the tests wait for no clock.
#include <optional>
#include <string>

#include "conformance/sharing.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

// After this many looks, a second apart, a number stands still; the first look only notes the number.
constexpr int kTicksUntilLost = 5;

Membership Look(Store& store, const ListeningReport& own = {}) {
  return Renew(store, own);
}

ListeningReport Report(absl::Duration clock, std::string because = "") {
  const bool advancing = because.empty();
  return {{ListeningTime() + clock, absl::Seconds(7), absl::Seconds(5), "boot", absl::Seconds(77)},
          ListeningTime() + clock + absl::Seconds(1),
          advancing,
          std::move(because)};
}

/// One step of a run that has something to stage. Returns whether it was accepted.
bool Step(Store& store, const Moment& now) {
  store.BeginStep().Append({.type = EventType::kRegionHeld, .region = "eu"});
  const CommitResult result = store.CommitStep(ListeningAt(now));
  if (!result.committed()) store.Rollback();
  REQUIRE((result.committed() || result.lost_race()));
  return result.committed();
}

TEST_CASE("a store of one daemon has no coordination, and loses no race") {
  for (const StoreKind& kind : AllStores()) {
    if (kind.shared) continue;
    Subject subject(kind);
    Store& store = subject.store();
    CHECK(store.coordination() == nullptr);
    CHECK_FALSE(store.PrefersHeartbeatsAlone());
    subject.Register("a");
    const Carried carried = BeatAll(store, subject.now(), {{"a"}, {"nobody"}, {"a"}});
    CHECK(carried.committed);
    CHECK(carried.tries == 1);
    CHECK(subject.Get("a").pulse.total == 2);
    CHECK(Step(store, subject.now()));
    CHECK(Step(store, subject.now()));
  }
}

TEST_CASE("every daemon learns the longest timeout of all, and what the roll was told") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2);
    Settings slow;
    slow.heartbeat_timeout = absl::Minutes(7);
    Settings quick;
    quick.heartbeat_timeout = absl::Microseconds(12'345'678);
    CHECK(Renew(stores[0], {}, quick).longest_timeout == quick.heartbeat_timeout);
    CHECK(Renew(stores[1], {}, slow).longest_timeout == slow.heartbeat_timeout);
    CHECK(Renew(stores[0], {}, quick).longest_timeout == slow.heartbeat_timeout);

    const auto set = [&](Store& store, const RollTimeouts& timeouts) {
      store.Begin().SetTimeouts(timeouts);
      REQUIRE(store.Commit(ListeningAt(stores.now())).committed());
    };
    set(stores[0], {slow.heartbeat_timeout, {}});
    CHECK(stores[0].Timeouts().in_force == slow.heartbeat_timeout);
    CHECK(stores[1].Begin().Timeouts().in_force == slow.heartbeat_timeout);  // it holds the row
    stores[1].Rollback();
    set(stores[1], {quick.heartbeat_timeout, {{slow.heartbeat_timeout, stores.now().listening}}});
    CHECK(stores[0].BeginStep().Timeouts().told.empty());  // as of the last tick
    stores[0].Rollback();
    (void)Renew(stores[0], {}, quick);
    REQUIRE(stores[0].BeginStep().Timeouts().told.size() == 1);
    CHECK(stores[0].Timeouts().told[0].replaced_at == stores.now().listening);
    stores[0].Rollback();
    stores.Close(1);
    CHECK(Renew(stores[0], {}, quick).longest_timeout == quick.heartbeat_timeout);
  }
}

TEST_CASE("the first daemon that takes part leads, the others follow and hear its clock") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(stores[1].PrefersHeartbeatsAlone());
    CHECK(Look(stores[1]).leads);
    CHECK_FALSE(Look(stores[0], Report(absl::Hours(1))).leads);  // the report of a follower is ignored
    CHECK_FALSE(Look(stores[2]).leads);

    CHECK(Look(stores[1], Report(absl::Seconds(10))).leads);
    for (const std::size_t follower : {0U, 2U}) {
      const Membership membership = Look(stores[follower]);
      CHECK_FALSE(membership.leads);
      CHECK(membership.heard.advancing);
      CHECK(membership.heard.because.empty());
      CHECK(membership.heard.state.proven >= ListeningTime() + absl::Seconds(10));
      CHECK(membership.heard.state.proven <=
            ListeningTime() + absl::Seconds(12));  // two ticks forward at most
      CHECK(membership.heard.state.credit == absl::Seconds(7));
      CHECK(membership.heard.state.allowance_left == absl::Seconds(5));
      CHECK(membership.heard.state.boot_id == "boot");
      CHECK(membership.heard.state.proven_at == absl::Seconds(77));
      CHECK(membership.heard.running >= ListeningTime() + absl::Seconds(11));
      CHECK(membership.heard.running <= ListeningTime() + absl::Seconds(13));
      CHECK_FALSE(membership.daemon_lost);
    }
    CHECK(Look(stores[1], Report(absl::Seconds(11), "the disk is full")).leads);
    const Membership membership = Look(stores[2]);
    CHECK_FALSE(membership.heard.advancing);
    CHECK(membership.heard.because == "the disk is full");
    CHECK(membership.heard.state.proven == ListeningTime() + absl::Seconds(11));
    REQUIRE(stores[2].LastListening());
    CHECK(stores[2].LastListening()->proven == ListeningTime() + absl::Seconds(11));
  }
}

TEST_CASE("the report of a leader never moves the clock back") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    CHECK(Look(stores[0]).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(10), "x")).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(5), "x")).leads);
    CHECK(Look(stores[1]).heard.state.proven == ListeningTime() + absl::Seconds(10));
    REQUIRE(stores[1].Begin().Find("a").ok());
    stores[1].Rollback();
    stores[1].Begin().Append({.type = EventType::kRegionHeld, .region = "eu"});
    REQUIRE(stores[1].Commit({ListeningTime() + absl::Seconds(4), absl::Seconds(1)}).committed());
    const Membership membership = Look(stores[1]);
    CHECK(membership.heard.state.proven == ListeningTime() + absl::Seconds(10));
    CHECK(membership.heard.state.credit == absl::Seconds(7));
  }
}

TEST_CASE("a follower's changes do not move the clock") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    CHECK(Look(stores[0]).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(10))).leads);
    for (int round = 0; round < 3; ++round) {
      const Membership membership = Look(stores[1]);
      CHECK(membership.heard.state.proven <=
            ListeningTime() + absl::Seconds(12));  // two ticks forward at most
      stores[1].Begin().Append({.type = EventType::kRegionHeld, .region = "eu"});
      REQUIRE(
          stores[1].Commit({membership.heard.state.proven + absl::Seconds(2), absl::Seconds(1)}).committed());
    }
    CHECK(Look(stores[0], Report(absl::Seconds(10), "x")).leads);
    CHECK(Look(stores[1]).heard.state.proven == ListeningTime() + absl::Seconds(10));
    CHECK(Look(stores[1]).heard.state.credit == absl::Seconds(7));
    CHECK(Look(stores[1]).heard.state.allowance_left == absl::Seconds(5));
  }
}

TEST_CASE("a leader that renews its membership keeps the lead") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    for (int round = 0; round < 4 * kTicksUntilLost; ++round) {
      CHECK(Look(stores[0]).leads);
      CHECK_FALSE(Look(stores[1]).leads);
      CHECK_FALSE(Look(stores[2]).leads);
      CHECK_FALSE(Look(stores[0]).daemon_lost);
    }
  }
}

TEST_CASE(
    "a leader that does not count for several looks is replaced, learns of it, and is reported lost once") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(Look(stores[0]).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(10))).leads);
    for (int look = 0; look < kTicksUntilLost; ++look) {
      CHECK_FALSE(Look(stores[1]).leads);
      CHECK_FALSE(Look(stores[2]).leads);
    }
    CHECK(Look(stores[2]).leads);
    CHECK_FALSE(Look(stores[1]).leads);
    CHECK(stores[2].LastListening()->proven == ListeningTime() + absl::Seconds(10));

    int told = 0;
    for (int look = 0; look < 3 * kTicksUntilLost; ++look) {
      const Membership membership = Look(stores[2], Report(absl::Seconds(11)));
      CHECK(membership.leads);
      if (membership.daemon_lost) ++told;
      CHECK_FALSE(Look(stores[1]).daemon_lost);
    }
    CHECK(told == 1);

    const Membership deposed = Look(stores[0], Report(absl::Hours(1)));  // it does not know it yet
    CHECK_FALSE(deposed.leads);
    CHECK(deposed.heard.state.proven >= ListeningTime() + absl::Seconds(11));
    CHECK(deposed.heard.state.proven < ListeningTime() + absl::Seconds(20));
    CHECK(Look(stores[2]).leads);
    CHECK_FALSE(Look(stores[0]).leads);
  }
}

TEST_CASE("a look that was long ago makes no daemon count as dead: looks count, time does not") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2);
    CHECK(Look(stores[0]).leads);
    for (int round = 0; round < 3; ++round) {
      for (int look = 0; look < kTicksUntilLost; ++look) CHECK_FALSE(Look(stores[1]).leads);
      CHECK(Look(stores[0]).leads);
    }
  }
}

TEST_CASE("the leader is told of a lost follower, once each time") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(Look(stores[0]).leads);
    for (int time = 0; time < 2; ++time) {
      CHECK_FALSE(Look(stores[1]).leads);
      int told = 0;
      for (int look = 0; look <= 3 * kTicksUntilLost; ++look) {
        const Membership membership = Look(stores[0]);
        CHECK(membership.leads);
        if (membership.daemon_lost) {
          ++told;
          CHECK(look == kTicksUntilLost);
        }
        CHECK_FALSE(Look(stores[2]).daemon_lost);
      }
      CHECK(told == 1);
    }
  }
}

TEST_CASE("an orderly stop gives the lead away at once, and no daemon counts as lost") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(Look(stores[0]).leads);
    CHECK_FALSE(Look(stores[1]).leads);
    CHECK_FALSE(Look(stores[2]).leads);
    stores.Close(0);
    CHECK(Look(stores[2]).leads);
    CHECK_FALSE(Look(stores[1]).leads);
    stores.Close(1);
    for (int look = 0; look < 3 * kTicksUntilLost; ++look) {
      const Membership membership = Look(stores[2]);
      CHECK(membership.leads);
      CHECK_FALSE(membership.daemon_lost);
    }
  }
}

TEST_CASE("a store that never took part leaves nothing, and removes nothing") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2);
    CHECK(Look(stores[0]).leads);
    stores.Close(1);
    CHECK(Look(stores[0]).leads);
  }
}

TEST_CASE("the runs of other daemons wait until a run of jobs ends") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    CHECK(Step(stores[0], stores.now()));
    CHECK_FALSE(Step(stores[1], stores.now()));
    // A run that waits does not hold up other commands, and is not held up by them.
    REQUIRE(SetStatus(stores[1], stores.now(), "a", WorkerStatus::kActive).committed);
    REQUIRE(BeatOnce(stores[0], stores.now(), {"a"}) == "Active");
    CHECK(Step(stores[0], stores.now()));
    CHECK_FALSE(Step(stores[1], stores.now()));
    stores[1].coordination()->EndRun();  // it has no run
    CHECK_FALSE(Step(stores[1], stores.now()));
    stores[0].coordination()->EndRun();
    CHECK(Step(stores[1], stores.now()));
    CHECK_FALSE(Step(stores[0], stores.now()));
    stores[0].coordination()->EndRun();
    CHECK_FALSE(Step(stores[0], stores.now()));
    stores[1].coordination()->EndRun();
    CHECK(Step(stores[0], stores.now()));
    stores.Close(0);
    CHECK(Step(stores[1], stores.now()));
  }
}

TEST_CASE("a step that was dropped, or had nothing to stage, claims no run") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    stores[0].BeginStep().Append({.type = EventType::kRegionHeld, .region = "eu"});
    stores[0].Rollback();
    CHECK(Step(stores[1], stores.now()));
    // Nothing to stage: it claims nothing, and does not notice the run of the other.
    CHECK(stores[0].BeginStep().PendingHeard(10)->empty());
    const CommitResult nothing = stores[0].CommitStep(ListeningAt(stores.now()));
    CHECK(nothing.committed());
    CHECK_FALSE(nothing.wrote);
    CHECK_FALSE(Step(stores[0], stores.now()));
    stores[1].coordination()->EndRun();
    CHECK(Step(stores[0], stores.now()));
  }
}

TEST_CASE("a run that stands still is taken over, a run that goes on is not") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    for (int step = 0; step < 3 * kTicksUntilLost; ++step) {
      CHECK(Step(stores[0], stores.now()));
      CHECK_FALSE(Step(stores[1], stores.now()));
    }
    for (int look = 1; look < kTicksUntilLost; ++look) CHECK_FALSE(Step(stores[1], stores.now()));
    CHECK(Step(stores[1], stores.now()));
    CHECK_FALSE(Step(stores[0], stores.now()));  // the old daemon learns of it
    stores[0].coordination()->EndRun();          // and does not end the run of another daemon
    CHECK_FALSE(Step(stores[0], stores.now()));
    CHECK(Step(stores[1], stores.now()));
    stores[1].coordination()->EndRun();
    CHECK(Step(stores[0], stores.now()));
  }
}

TEST_CASE("other changes do not end a run, and do not move the clock") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(Step(stores[0], stores.now()));
    for (int round = 0; round < 3; ++round) {
      REQUIRE(Register(stores[1], stores.now(), "a", "i1").committed);
      REQUIRE(Unregister(stores[2], stores.now(), "a").committed);
    }
    CHECK_FALSE(Step(stores[2], stores.now()));
    CHECK(Step(stores[0], stores.now()));
  }
}

TEST_CASE("the workers are counted exactly, whichever are registered and removed") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    const auto count = [&] {
      Look(stores[2]);
      return stores[2].WorkerCount();
    };
    CHECK(count() == 0);
    RegisterMany(stores[0], stores.now(), 20);
    CHECK(count() == 20);
    REQUIRE(Register(stores[1], stores.now(), "a", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "a", "i2", /*replace=*/true).committed);
    REQUIRE(Register(stores[1], stores.now(), "a", "i3").committed);  // refused
    CHECK(count() == 21);
    REQUIRE(Unregister(stores[0], stores.now(), "w7").committed);
    REQUIRE(Unregister(stores[1], stores.now(), "w7").committed);  // refused
    CHECK(count() == 20);
    {
      WriteTx& tx = stores[1].Begin();
      tx.Remove(Found(tx, "w1"));
      tx.Insert(NewWorker(tx, "w1", stores.now()));
      tx.Remove(Found(tx, "w1"));
      tx.Remove(Found(tx, "w2"));
      tx.Insert(NewWorker(tx, "b", stores.now()));
      tx.Remove(Found(tx, "b"));
      REQUIRE(stores[1].Commit(ListeningAt(stores.now())).committed());
    }
    CHECK(count() == 18);
    {
      WriteTx& tx = stores[0].Begin();
      tx.Remove(Found(tx, "w3"));
      stores[0].Rollback();
    }
    CHECK(count() == 18);
    CHECK(IdsOf(stores[0].Reader().List({}, "", 100)).size() == 18);
  }
}

}  // namespace
}  // namespace muster::testing

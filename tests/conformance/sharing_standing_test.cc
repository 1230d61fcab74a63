// Who leads among the stores of one place, who was lost, and whose run of jobs is under way. One look is one
// call: nobody's clock is waited for.
#include <optional>
#include <string>

#include "conformance/sharing.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// Looks at a second's distance after which a number stands still; the first one only takes note.
constexpr int kTicksUntilLost = 5;

Standing Look(Store& store, const ListeningReport& own = {}) {
  const Result<Standing> standing = store.Attend(own, kTick);
  REQUIRE(standing.ok());
  return *standing;
}

ListeningReport Report(absl::Duration clock, std::string because = "") {
  const bool advancing = because.empty();
  return {{ListeningTime() + clock, absl::Seconds(7)}, advancing, std::move(because)};
}

/// One step of a run: whether it was let.
bool Step(Store& store, const Moment& now) {
  if (store.BeginStep() == nullptr) return false;
  REQUIRE(store.Commit(ListeningAt(now)).ok());
  return true;
}

TEST_CASE("a store that is one daemon's leads, foresees nothing, and is never overtaken") {
  for (const StoreKind& kind : AllStores()) {
    if (kind.shared) continue;
    Subject subject(kind);
    Store& store = subject.store();
    CHECK_FALSE(store.Shared());
    CHECK_FALSE(store.Foresees());
    CHECK(Look(store).leads);
    CHECK_FALSE(Look(store).daemon_lost);
    subject.Register("a");
    const Carried carried = BeatAll(store, subject.now(), {{"a"}, {"nobody"}, {"a"}});
    CHECK(carried.committed);
    CHECK(carried.tries == 1);
    CHECK(subject.Get("a").pulse.total == 2);
    CHECK_FALSE(store.Overtaken());
    CHECK(Step(store, subject.now()));
    store.EndRun();
    CHECK(Step(store, subject.now()));
    CHECK(Step(store, subject.now()));
    store.EndRun();
    store.EndRun();
  }
}

TEST_CASE("the first one to attend leads, the others follow and hear its clock") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(stores[1].Shared());
    CHECK(stores[1].Foresees());
    CHECK(Look(stores[1]).leads);
    CHECK_FALSE(Look(stores[0], Report(absl::Hours(1))).leads);  // what a follower says is not looked at
    CHECK_FALSE(Look(stores[2]).leads);

    CHECK(Look(stores[1], Report(absl::Seconds(10))).leads);
    for (const std::size_t follower : {0U, 2U}) {
      const Standing standing = Look(stores[follower]);
      CHECK_FALSE(standing.leads);
      CHECK(standing.heard.advancing);
      CHECK(standing.heard.because.empty());
      CHECK(standing.heard.state.now >= ListeningTime() + absl::Seconds(10));
      CHECK(standing.heard.state.now <= ListeningTime() + absl::Seconds(12));  // two ticks forward at most
      CHECK(standing.heard.state.allowance_credit == absl::Seconds(7));
      CHECK_FALSE(standing.daemon_lost);
    }
    CHECK(Look(stores[1], Report(absl::Seconds(11), "the disk is full")).leads);
    const Standing standing = Look(stores[2]);
    CHECK_FALSE(standing.heard.advancing);
    CHECK(standing.heard.because == "the disk is full");
    CHECK(standing.heard.state.now == ListeningTime() + absl::Seconds(11));
    REQUIRE(stores[2].LastListening());
    CHECK(stores[2].LastListening()->now == ListeningTime() + absl::Seconds(11));
  }
}

TEST_CASE("what a leader says of the clock never takes it back") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    CHECK(Look(stores[0]).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(10), "x")).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(5), "x")).leads);
    CHECK(Look(stores[1]).heard.state.now == ListeningTime() + absl::Seconds(10));
    REQUIRE(stores[1].Begin().Find("a").ok());
    stores[1].Rollback();
    stores[1].Begin().Append({.type = EventType::kRegionHeld, .region = "eu"});
    REQUIRE(stores[1].Commit({ListeningTime() + absl::Seconds(4), absl::Seconds(1)}).ok());
    const Standing standing = Look(stores[1]);
    CHECK(standing.heard.state.now == ListeningTime() + absl::Seconds(10));
    CHECK(standing.heard.state.allowance_credit == absl::Seconds(7));
  }
}

TEST_CASE("a follower's changes do not move the clock") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    CHECK(Look(stores[0]).leads);
    CHECK(Look(stores[0], Report(absl::Seconds(10))).leads);
    for (int round = 0; round < 3; ++round) {
      const Standing standing = Look(stores[1]);
      CHECK(standing.heard.state.now <= ListeningTime() + absl::Seconds(12));  // two ticks forward at most
      stores[1].Begin().Append({.type = EventType::kRegionHeld, .region = "eu"});
      REQUIRE(stores[1].Commit({standing.heard.state.now + absl::Seconds(2), absl::Seconds(1)}).ok());
    }
    CHECK(Look(stores[0], Report(absl::Seconds(10), "x")).leads);
    CHECK(Look(stores[1]).heard.state.now == ListeningTime() + absl::Seconds(10));
    CHECK(Look(stores[1]).heard.state.allowance_credit == absl::Seconds(7));
  }
}

TEST_CASE("whoever attends keeps the lead") {
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
    "a leader that is not heard of for some looks is replaced by one, learns of it, and is told lost once") {
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
    CHECK(stores[2].LastListening()->now == ListeningTime() + absl::Seconds(10));

    int told = 0;
    for (int look = 0; look < 3 * kTicksUntilLost; ++look) {
      const Standing standing = Look(stores[2], Report(absl::Seconds(11)));
      CHECK(standing.leads);
      if (standing.daemon_lost) ++told;
      CHECK_FALSE(Look(stores[1]).daemon_lost);
    }
    CHECK(told == 1);

    const Standing deposed = Look(stores[0], Report(absl::Hours(1)));  // it does not know yet
    CHECK_FALSE(deposed.leads);
    CHECK(deposed.heard.state.now >= ListeningTime() + absl::Seconds(11));
    CHECK(deposed.heard.state.now < ListeningTime() + absl::Seconds(20));
    CHECK(Look(stores[2]).leads);
    CHECK_FALSE(Look(stores[0]).leads);
  }
}

TEST_CASE("a look that was long ago makes nobody dead: looks count, time does not") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2);
    CHECK(Look(stores[0]).leads);
    for (int round = 0; round < 3; ++round) {
      for (int look = 0; look < kTicksUntilLost; ++look) CHECK_FALSE(Look(stores[1]).leads);
      CHECK(Look(stores[0]).leads);
    }
  }
}

TEST_CASE("of a follower that is lost the leader is told, once each time") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    CHECK(Look(stores[0]).leads);
    for (int time = 0; time < 2; ++time) {
      CHECK_FALSE(Look(stores[1]).leads);
      int told = 0;
      for (int look = 0; look <= 3 * kTicksUntilLost; ++look) {
        const Standing standing = Look(stores[0]);
        CHECK(standing.leads);
        if (standing.daemon_lost) {
          ++told;
          CHECK(look == kTicksUntilLost);
        }
        CHECK_FALSE(Look(stores[2]).daemon_lost);
      }
      CHECK(told == 1);
    }
  }
}

TEST_CASE("who stops in order hands the lead over at once, and nobody was lost") {
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
      const Standing standing = Look(stores[2]);
      CHECK(standing.leads);
      CHECK_FALSE(standing.daemon_lost);
    }
  }
}

TEST_CASE("a store that never attended leaves nothing of its own, and takes nothing along") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2);
    CHECK(Look(stores[0]).leads);
    stores.Close(1);
    CHECK(Look(stores[0]).leads);
  }
}

TEST_CASE("a run of jobs keeps the others' runs waiting until it ends") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    CHECK(Step(stores[0], stores.now()));
    CHECK_FALSE(Step(stores[1], stores.now()));
    // Whoever waits holds nobody up, and is not held up.
    REQUIRE(SetStatus(stores[1], stores.now(), "a", WorkerStatus::kActive).committed);
    REQUIRE(BeatOnce(stores[0], stores.now(), {"a"}) == "Active");
    CHECK(Step(stores[0], stores.now()));
    CHECK_FALSE(Step(stores[1], stores.now()));
    stores[1].EndRun();  // it has none
    CHECK_FALSE(Step(stores[1], stores.now()));
    stores[0].EndRun();
    CHECK(Step(stores[1], stores.now()));
    CHECK_FALSE(Step(stores[0], stores.now()));
    stores[0].EndRun();
    CHECK_FALSE(Step(stores[0], stores.now()));
    stores[1].EndRun();
    CHECK(Step(stores[0], stores.now()));
    stores.Close(0);
    CHECK(Step(stores[1], stores.now()));
  }
}

TEST_CASE("a step that was dropped begins no run") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(stores[0].BeginStep() != nullptr);
    stores[0].Rollback();
    CHECK(Step(stores[1], stores.now()));
  }
}

TEST_CASE("a run that stands still is taken over, one that goes on is not") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    for (int step = 0; step < 3 * kTicksUntilLost; ++step) {
      CHECK(Step(stores[0], stores.now()));
      CHECK_FALSE(Step(stores[1], stores.now()));
    }
    for (int look = 1; look < kTicksUntilLost; ++look) CHECK_FALSE(Step(stores[1], stores.now()));
    CHECK(Step(stores[1], stores.now()));
    CHECK_FALSE(Step(stores[0], stores.now()));  // the old one learns of it
    stores[0].EndRun();                          // and ends nobody else's
    CHECK_FALSE(Step(stores[0], stores.now()));
    CHECK(Step(stores[1], stores.now()));
    stores[1].EndRun();
    CHECK(Step(stores[0], stores.now()));
  }
}

TEST_CASE("other changes leave a run under way, and the clock where it is") {
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

TEST_CASE("the workers are counted exactly, whoever comes and goes") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    const auto count = [&] { return Look(stores[2]).workers; };
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
      REQUIRE(stores[1].Commit(ListeningAt(stores.now())).ok());
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

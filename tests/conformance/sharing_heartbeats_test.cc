// Batches of only heartbeats, while other stores change the same workers. They are decided by what the store
// saw last, and decided again where that is no longer true.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/sharing.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

using Answers = std::vector<std::string>;

std::int64_t Total(Store& store, std::string_view id) {
  return Found(store.Reader(), id).pulse.total;
}

std::vector<HeartbeatRecord> History(Store& store, std::string_view id) {
  const Result<std::vector<HeartbeatRecord>> history = store.Reader().Heartbeats(id, kNewest, 10'000);
  REQUIRE(history.ok());
  return *history;
}

std::vector<Event> ClonesReported(Store& store) {
  const Result<std::vector<Event>> events = store.Reader().Events("", 0, false, 1000);
  REQUIRE(events.ok());
  std::vector<Event> clones;
  for (const Event& event : *events) {
    if (event.type == EventType::kCloneDetected) clones.push_back(event);
  }
  return clones;
}

TEST_CASE("heartbeats count exactly, whichever store takes them") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 2, {.history = 4});
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "b", "i1").committed);
    std::vector<absl::Time> at;
    for (int round = 0; round < 4; ++round) {
      stores.Advance(absl::Seconds(1));
      const Carried carried = BeatAll(stores[static_cast<std::size_t>(round % 2)], stores.now(),
                                      {{"a", "i1", 7}, {"b"}, {"a", "", round}, {"a"}});
      REQUIRE(carried.committed);
      CHECK(carried.tries == 1);
      CHECK(carried.answers == Answers{"Pending", "Pending", "Pending", "Pending"});
      at.push_back(stores.now().wall);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const WorkerView a = Found(stores[i].Reader(), "a");
      CHECK(a.pulse.total == 12);
      CHECK(a.pulse.in_use == 3);
      CHECK(a.pulse.last_at == stores.now().wall);
      CHECK(a.pulse.heard_at == stores.now().listening);
      CHECK(Total(stores[i], "b") == 4);
      CHECK(Describe(History(stores[i], "a")) ==
            Describe(std::vector<HeartbeatRecord>{{12, at[3]}, {11, at[3]}, {10, at[3]}, {9, at[2]}}));
    }
  }
}

TEST_CASE("a batch that lost a race says so, leaves nothing, and is decided again on what is true") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "b", "i1").committed);
    REQUIRE(BeatAll(stores[1], stores.now(), {{"a"}, {"b"}}).committed);
    REQUIRE(SetStatus(stores[0], stores.now(), "a", WorkerStatus::kActive).committed);

    BatchKeys keys;
    keys.ids = {"a", "b"};
    const auto beat_both = [&](WriteTx& tx) {
      Answers answers;
      for (const char* id : {"a", "b"}) {
        const Result<HeartbeatReceipt> receipt =
            RecordHeartbeat({id, "", std::nullopt, ""}, kTimeout, tx, stores.now());
        REQUIRE(receipt.ok());
        answers.emplace_back(StatusName(receipt->status));
      }
      return answers;
    };
    CHECK(beat_both(stores[1].BeginBatch(keys)) == Answers{"Pending", "Pending"});
    REQUIRE(stores[1].Commit(ListeningAt(stores.now())).lost_race());
    stores[1].Rollback();
    CHECK(Total(stores[0], "a") == 1);
    CHECK(Total(stores[0], "b") == 1);

    CHECK(beat_both(stores[1].BeginBatch(keys)) == Answers{"Active", "Pending"});
    REQUIRE(stores[1].Commit(ListeningAt(stores.now())).committed());
    CHECK(Total(stores[0], "a") == 2);
    CHECK(Total(stores[0], "b") == 2);
    CHECK(BeatAll(stores[1], stores.now(), {{"a"}, {"b"}}).tries == 1);
  }
}

TEST_CASE("an instance that was replaced through another store is refused, and the new one is accepted") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    for (int i = 0; i < 3; ++i) REQUIRE(BeatOnce(stores[1], stores.now(), {"a", "i1"}) == "Pending");
    REQUIRE(SetStatus(stores[1], stores.now(), "a", WorkerStatus::kActive).committed);
    REQUIRE(BeatOnce(stores[1], stores.now(), {"a", "i1"}) == "Active");
    REQUIRE(Register(stores[0], stores.now(), "a", "i2", /*replace=*/true).committed);

    SECTION("the old instance first") {
      CHECK(BeatOnce(stores[1], stores.now(), {"a", "i1"}) ==
            Describe(WorkerError(InstanceSuperseded{"a", "i1"})));
      CHECK(Total(stores[0], "a") == 4);
      CHECK(BeatOnce(stores[1], stores.now(), {"a", "i2"}) == "Pending");
    }
    SECTION("the new instance first: the database is asked about what the cache alone would refuse") {
      CHECK(BeatOnce(stores[1], stores.now(), {"a", "i2"}) == "Pending");
      CHECK(BeatOnce(stores[1], stores.now(), {"a", "i1"}) ==
            Describe(WorkerError(InstanceSuperseded{"a", "i1"})));
    }
    SECTION("both in one batch, and a heartbeat without an instance") {
      const Carried carried =
          BeatAll(stores[1], stores.now(), {{"a", "i1"}, {"a", "i2"}, {"a"}, {"a", "i1"}});
      const std::string superseded = Describe(WorkerError(InstanceSuperseded{"a", "i1"}));
      CHECK(carried.answers == Answers{superseded, "Pending", "Pending", superseded});
      CHECK(Total(stores[0], "a") == 6);
    }
    const WorkerView a = Found(stores[1].Reader(), "a");
    CHECK(a.worker->heartbeats_before == 4);
    CHECK(static_cast<std::int64_t>(History(stores[0], "a").size()) == a.pulse.total);
  }
}

TEST_CASE(
    "a worker that was unregistered through another store is not found, and its successor starts from "
    "nothing") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "b", "i1").committed);
    REQUIRE(BeatAll(stores[1], stores.now(), {{"a"}, {"b"}, {"a"}}).committed);
    REQUIRE(Unregister(stores[0], stores.now(), "a").committed);
    const std::string not_found = Describe(WorkerError(WorkerNotFound{"a"}));
    const bool looked_meanwhile = GENERATE(false, true);
    if (looked_meanwhile) {
      CHECK(BeatAll(stores[1], stores.now(), {{"a"}, {"b"}}).answers == Answers{not_found, "Pending"});
    }
    CHECK(History(stores[0], "b").size() == (looked_meanwhile ? 2 : 1));

    REQUIRE(Register(stores[0], stores.now(), "a", "i2").committed);
    CHECK(BeatOnce(stores[1], stores.now(), {"a", "i1"}) ==
          Describe(WorkerError(InstanceSuperseded{"a", "i1"})));
    CHECK(BeatOnce(stores[1], stores.now(), {"a", "i2"}) == "Pending");
    CHECK(Total(stores[0], "a") == 1);
    CHECK(History(stores[0], "a").size() == 1);
    CHECK(Found(stores[0].Reader(), "a").worker->heartbeats_before == 0);
  }
}

TEST_CASE(
    "a clone that goes on sending heartbeats is reported once, and the heartbeats of the batch count once") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind, 3);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "b", "i1").committed);
    REQUIRE(Register(stores[0], stores.now(), "a", "i2", /*replace=*/true).committed);
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(BeatAll(stores[i], stores.now(), {{"a"}, {"b"}}).committed);
    stores.Advance(kTimeout + absl::Seconds(1));
    const std::string superseded = Describe(WorkerError(InstanceSuperseded{"a", "i1"}));
    for (std::size_t i = 0; i < 3; ++i) {
      const Carried carried = BeatAll(stores[i], stores.now(), {{"b"}, {"a", "i1"}, {"a", "i2"}});
      REQUIRE(carried.committed);
      CHECK(carried.answers == Answers{"Pending", superseded, "Pending"});
      CHECK(ClonesReported(stores[0]).size() == 1);
    }
    CHECK(Total(stores[0], "a") == 6);
    CHECK(Total(stores[0], "b") == 6);
    CHECK(Found(stores[2].Reader(), "a").worker->clone_reported);
  }
}

TEST_CASE("unknown and invalid ids do not affect the other heartbeats of a batch") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    const std::vector<std::string> wrong = {
        "", "active", "-a", "a'b", "a\"b", std::string("a\0b", 3), "\xff", "ü", std::string(129, 'x')};
    for (int round = 0; round < 2; ++round) {  // the second time the cache answers
      std::vector<Beat> beats = {{"a", "i1"}, {"nobody"}, {"nobody", "i1"}, {"a", "i1", -1}};
      for (const std::string& id : wrong) beats.push_back({id});
      const Carried carried = BeatAll(stores[1], stores.now(), beats);
      REQUIRE(carried.committed);
      REQUIRE(carried.answers.size() == beats.size());
      CHECK(carried.answers[0] == "Pending");
      CHECK(carried.answers[1] == Describe(WorkerError(WorkerNotFound{"nobody"})));
      CHECK(carried.answers[2] == carried.answers[1]);
      for (std::size_t i = 3; i < beats.size(); ++i) {
        INFO(beats[i].id << ": " << carried.answers[i]);
        CHECK(carried.answers[i].find("INVALID_ARGUMENT") != std::string::npos);
      }
      CHECK(Total(stores[0], "a") == round + 1);
    }
    CHECK(BeatAll(stores[1], stores.now(), {}).committed);
    CHECK(BeatAll(stores[1], stores.now(), {{""}}).committed);
  }
}

TEST_CASE("the time of a heartbeat is not before the clock of the roll, nor before the heartbeat before it") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    const auto heard_at = [&] { return Found(stores[0].Reader(), "a").pulse.heard_at; };
    // The other daemon was stopped between reading its clock and writing. Meanwhile the clock of the leader
    // went on.
    const ListeningTime leaders = stores.now().listening + absl::Seconds(100);
    REQUIRE(Renew(stores[0]).leads);
    REQUIRE(Renew(stores[0], {{leaders, absl::ZeroDuration()}, leaders, true, ""}).leads);
    REQUIRE(BeatOnce(stores[1], stores.now(), {"a"}) == "Pending");
    CHECK(heard_at() == leaders);
    CHECK(Found(stores[0].Reader(), "a").pulse.last_at == stores.now().wall);
    Moment ahead = stores.now();
    ahead.listening = leaders + absl::Seconds(1);
    REQUIRE(BeatOnce(stores[1], ahead, {"a"}) == "Pending");
    CHECK(heard_at() == ahead.listening);
    REQUIRE(BeatOnce(stores[0], stores.now(), {"a"}) == "Pending");
    CHECK(heard_at() == ahead.listening);
  }
}

TEST_CASE("a batch of the largest size") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    constexpr std::size_t kWorkers = 4'000;
    std::vector<Beat> beats;
    for (const std::string& id : RegisterMany(stores[0], stores.now(), kWorkers)) {
      beats.push_back({id, "instance"});
      beats.push_back({id});
    }
    for (int round = 1; round <= 2; ++round) {
      const Carried carried = BeatAll(stores[1], stores.now(), beats);
      REQUIRE(carried.committed);
      CHECK(carried.tries == 1);
      CHECK(carried.answers == Answers(2 * kWorkers, "Pending"));
      const Result<std::vector<WorkerView>> all = stores[0].Reader().List({}, "", 10'000);
      REQUIRE(all.ok());
      REQUIRE(all->size() == kWorkers);
      for (const WorkerView& view : *all) REQUIRE(view.pulse.total == 2 * round);
    }
  }
}

TEST_CASE("a batch that was dropped changes nothing, also not for the next batch") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    BatchKeys keys;
    keys.ids = {"a"};
    keys.only_heartbeats = GENERATE(true, false);
    for (int i = 0; i < 2; ++i) {
      WriteTx& tx = stores[1].BeginBatch(keys);
      tx.RecordHeartbeat(Found(tx, "a"), stores.now(), 3);
      stores[1].Rollback();
    }
    CHECK(BeatOnce(stores[1], stores.now(), {"a"}) == "Pending");
    CHECK(Total(stores[0], "a") == 1);
    CHECK_FALSE(Found(stores[0].Reader(), "a").pulse.in_use);
    CHECK(SetStatus(stores[0], stores.now(), "a", WorkerStatus::kActive).tries == 1);  // nothing is locked
  }
}

TEST_CASE("a batch with changes loses no race, and its heartbeats count with them") {
  for (const StoreKind& kind : SharedStores()) {
    Sharing stores(kind);
    REQUIRE(Register(stores[0], stores.now(), "a", "i1").committed);
    REQUIRE(BeatOnce(stores[1], stores.now(), {"a"}) == "Pending");
    REQUIRE(SetStatus(stores[0], stores.now(), "a", WorkerStatus::kActive).committed);
    BatchKeys keys;
    keys.ids = {"a", "b", "a"};
    keys.only_heartbeats = false;
    const Carried carried = CarryOut(stores[1], stores.now(), keys, [&](WriteTx& tx) {
      RegisterWorkerCommand command;
      command.worker_id = "b";
      command.config = {"eu", 1, {}, {}};
      command.instance_id = "i1";
      Answers answers = {absl::StrCat(RegisterWorker(command, tx, stores.now()).ok())};
      for (const char* id : {"a", "b", "b"}) {
        const Result<HeartbeatReceipt> receipt =
            RecordHeartbeat({id, "", std::nullopt, ""}, kTimeout, tx, stores.now());
        answers.push_back(receipt.ok() ? std::string(StatusName(receipt->status)) : "refused");
      }
      return answers;
    });
    REQUIRE(carried.committed);
    CHECK(carried.tries == 1);
    CHECK(carried.answers == Answers{"1", "Active", "Pending", "Pending"});
    CHECK(Total(stores[0], "a") == 2);
    CHECK(Total(stores[0], "b") == 2);
  }
}

}  // namespace
}  // namespace muster::testing

// What a persistent store still knows after it was closed.
#include <string>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"
#include "tests/store/test_runtime.h"

namespace muster::testing {
namespace {

std::string Everything(Subject& subject) {
  std::string text = Describe(subject.reader().List({}, "", 1'000'000));
  for (const std::string& id : subject.Ids()) text += id + ":\n" + Describe(subject.History(id));
  text += Describe(subject.EventsOf("")) + Describe(subject.reader().Totals()) +
          Describe(subject.reader().Holds());
  return text;
}

TEST_CASE("everything is there after a restart, folded or not") {
  Subject subject(GENERATE(from_range(PersistentStores())), {.history = 5});
  const bool fold = GENERATE(false, true);
  for (int i = 0; i < 5; ++i) {
    const std::string id = absl::StrCat("w", i);
    subject.Register(id,
                     {.region = i % 2 == 0 ? "eu" : "us", .capabilities = {"gpu"}, .metadata = {{"k", "v"}}});
    for (int beat = 0; beat < 3 * i; ++beat) {
      subject.Advance(absl::Microseconds(1));
      subject.Beat(id, beat);
    }
    subject.Write(
        [&](WriteTx& tx) { tx.Append(Event{.at = subject.now().wall, .worker_id = id, .region = "eu"}); });
  }
  subject.SetStatus("w1", WorkerStatus::kActive);
  subject.SetStatus("w3", WorkerStatus::kFailed);
  subject.Remove("w2");
  subject.Write([&](WriteTx& tx) { tx.Hold({"us", subject.now().listening}); });
  if (fold) subject.MaintainAll();

  const std::string before = Everything(subject);
  subject.Reopen();
  CHECK(Everything(subject) == before);
  subject.Reopen();  // and the replay did not change anything
  CHECK(Everything(subject) == before);
  subject.MaintainAll();
  CHECK(Everything(subject) == before);
  subject.Reopen();
  CHECK(Everything(subject) == before);
}

TEST_CASE("what was not committed is gone") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  subject.Register("a");
  const std::string before = Everything(subject);
  WriteTx& tx = subject.store().Begin();
  tx.Insert(NewWorker(tx, "b", subject.now()));
  tx.RecordHeartbeat(Found(tx, "a"), subject.now(), 1);
  subject.Reopen();
  CHECK(Everything(subject) == before);
}

TEST_CASE("revisions and cursors go on from where they were") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  std::int64_t revision = 0;
  subject.Register("a");
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    tx.Append(Event{.at = subject.now().wall, .worker_id = "a"});
    Worker changed = *view.worker;
    revision = changed.revision = tx.NextRevision();
    tx.Update(view, changed);
  });
  subject.Remove("a");  // now no worker has the highest revision
  subject.Reopen();
  subject.Write([&](WriteTx& tx) {
    CHECK(tx.NextRevision() > revision);
    tx.Append(Event{.at = subject.now().wall, .worker_id = "a"});
  });
  CHECK(*subject.reader().LastCursor() == 2);
}

TEST_CASE("the key of page tokens belongs to the roll") {
  Subject subject(GENERATE(from_range(AllStores())));
  const std::string key(subject.reader().TokenKey());
  CHECK(key.size() >= 16);
  subject.store().Rollback();
}

TEST_CASE("the key of page tokens stays through restarts") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  const std::string key(subject.reader().TokenKey());
  subject.Register("a");
  subject.Reopen();
  CHECK(subject.reader().TokenKey() == key);
}

TEST_CASE("two rolls have two keys") {
  const StoreKind kind = GENERATE(from_range(AllStores()));
  const Subject one(kind);
  const Subject other(kind);
  CHECK(one.reader().TokenKey() != other.reader().TokenKey());
}

TEST_CASE("every commit keeps the listening clock, also a commit of nothing else") {
  Subject subject(GENERATE(from_range(AllStores())));
  CHECK_FALSE(subject.store().LastListening().has_value());
  const auto commit = [&](ProvenState state) {
    subject.store().Begin();
    REQUIRE(subject.store().Commit(state).committed());
    const std::optional<ProvenState> last = subject.store().LastListening();
    REQUIRE(last.has_value());
    CHECK(*last == state);
  };
  commit({ListeningTime::FromMicros(1), absl::Microseconds(7)});
  commit({ListeningTime::FromMicros(123'456'789), absl::ZeroDuration()});
  commit({ListeningTime::FromMicros(123'456'789), absl::ZeroDuration()});
}

TEST_CASE("the listening clock is there after a restart") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  subject.Reopen();
  CHECK_FALSE(subject.store().LastListening().has_value());
  subject.Register("a");
  subject.Beat("a");
  subject.store().Begin();
  const ProvenState state = {ListeningTime::FromMicros(99'000'001), absl::Microseconds(5),
                             absl::Microseconds(3), "boot", absl::Microseconds(1234)};
  REQUIRE(subject.store().Commit(state).committed());
  if (GENERATE(false, true)) subject.MaintainAll();
  subject.Reopen();
  const std::optional<ProvenState> last = subject.store().LastListening();
  REQUIRE(last.has_value());
  CHECK(*last == state);
  if (GENERATE(false, true)) {  // another start of the machine, and a commit of heartbeats
    subject.Advance(absl::Seconds(200));
    subject.Beat("a");
    subject.Reopen();
    CHECK(subject.store().LastListening() == subject.listening());
    CHECK(subject.Get("a").pulse.heard_at == subject.now().listening);
  }
}

TEST_CASE("the stamp of a heartbeat may lie ahead of the proven clock, also after a restart") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  subject.Register("a");
  Moment ahead = subject.now();
  ahead.listening = ahead.listening + absl::Seconds(9);
  WriteTx& tx = subject.store().Begin();
  tx.RecordHeartbeat(Found(tx, "a"), ahead, std::nullopt);
  REQUIRE(subject.store().Commit(subject.listening()).committed());
  subject.Reopen();
  CHECK(subject.store().LastListening()->proven == subject.now().listening);
  CHECK(subject.Get("a").pulse.heard_at == ahead.listening);
}

TEST_CASE("a history is cut when the store is opened with a shorter one") {
  const StoreKind kind = GENERATE(from_range(PersistentStores()));
  const std::unique_ptr<Place> place = kind.make_place();
  const auto open = [&](int history) {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenTestStore(place->Spec(), {.history = history});
    REQUIRE(store.ok());
    return *std::move(store);
  };
  {
    const std::unique_ptr<Store> store = open(10);
    WriteTx& tx = store->Begin();
    const WorkerView view = tx.Insert(NewWorker(tx, "a", kBeginning));
    for (int i = 0; i < 10; ++i) tx.RecordHeartbeat(view, kBeginning, std::nullopt);
    REQUIRE(store->Commit({}).committed());
  }
  const std::unique_ptr<Store> store = open(3);
  const Result<std::vector<HeartbeatRecord>> history = store->Reader().Heartbeats("a", kNewest, 100);
  REQUIRE(history.ok());
  REQUIRE(history->size() == 3);
  CHECK((*history)[0].ordinal == 10);
}

TEST_CASE("a store that cannot be opened says so") {
  for (const char* spec : {"", "memory", "sqlite", "sqlite:", "postgresql://", "postgresql://127.0.0.1:1/x",
                           "nonsense:x", "sqlite:/no/such/dir/x"}) {
    INFO(spec);
    const absl::Status status = OpenTestStore(spec).status();
    CHECK_FALSE(status.ok());
    CHECK(status.message().size() > 10);
  }
}

TEST_CASE("a roll that is not shared is held by one store at a time") {
  const StoreKind kind = GENERATE(from_range(PersistentStores()));
  if (kind.shared) return;
  Subject subject(kind, {.holder = "musterd 127.0.0.1:50051"});
  const absl::Status second = OpenTestStore(subject.spec()).status();
  CHECK(second.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(second.message()).find("musterd 127.0.0.1:50051") != std::string::npos);
}

}  // namespace
}  // namespace muster::testing

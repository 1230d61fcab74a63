// Heartbeats: the pulse of a worker, and its last heartbeats as its history.
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

TEST_CASE("a heartbeat moves the pulse and nothing else") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  const std::string worker = Describe(*subject.Get("a").worker);
  CHECK(subject.Get("a").pulse.total == 0);

  subject.Advance(absl::Microseconds(7));
  subject.Beat("a", 3);
  Pulse pulse = subject.Get("a").pulse;
  CHECK(pulse.total == 1);
  CHECK(pulse.last_at == subject.now().wall);
  CHECK(pulse.heard_at == subject.now().listening);
  CHECK(pulse.in_use == 3);

  subject.Advance(absl::Seconds(1));
  subject.Beat("a");
  pulse = subject.Get("a").pulse;
  CHECK(pulse.total == 2);
  CHECK(pulse.last_at == subject.now().wall);
  CHECK(pulse.heard_at == subject.now().listening);
  CHECK(pulse.in_use == 3);  // the latest value that a heartbeat brought
  subject.Beat("a", 0);
  CHECK(subject.Get("a").pulse.in_use == 0);
  CHECK(Describe(*subject.Get("a").worker) == worker);
}

TEST_CASE("a wall clock that goes back moves the last heartbeat back, but not the listening clock") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a");
  const Moment later{subject.now().wall - absl::Hours(1), subject.now().listening + absl::Seconds(1)};
  subject.Write([&](WriteTx& tx) { tx.RecordHeartbeat(Found(tx, "a"), later, std::nullopt); });
  CHECK(subject.Get("a").pulse.last_at == later.wall);
  CHECK(subject.Get("a").pulse.heard_at == later.listening);
  subject.MaintainAll();
  const std::vector<HeartbeatRecord> history = subject.History("a");
  REQUIRE(history.size() == 2);  // in the order in which they came
  CHECK(history[0].at == later.wall);
  CHECK(history[1].at == subject.now().wall);
}

TEST_CASE("two heartbeats in the same microsecond are two heartbeats") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Write([&](WriteTx& tx) {
    tx.RecordHeartbeat(Found(tx, "a"), subject.now(), std::nullopt);
    tx.RecordHeartbeat(Found(tx, "a"), subject.now(), std::nullopt);
  });
  subject.Beat("a");
  const std::string at = absl::StrCat(" ", absl::ToUnixMicros(subject.now().wall), "\n");
  CHECK(Describe(subject.History("a")) == "#3" + at + "#2" + at + "#1" + at);
}

TEST_CASE("history is paged by ordinal, newest first") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  for (int i = 0; i < 10; ++i) {
    subject.Advance(absl::Microseconds(1));
    subject.Beat("a");
    if (i == 6) subject.MaintainAll();
  }
  const auto ordinals = [&](std::int64_t before, int limit) {
    std::vector<std::int64_t> found;
    const Result<std::vector<HeartbeatRecord>> page = subject.reader().Heartbeats("a", before, limit);
    REQUIRE(page.ok());
    for (const HeartbeatRecord& heartbeat : *page) found.push_back(heartbeat.ordinal);
    return found;
  };
  using Ordinals = std::vector<std::int64_t>;
  CHECK(ordinals(kNewest, 3) == Ordinals{10, 9, 8});
  CHECK(ordinals(8, 3) == Ordinals{7, 6, 5});
  CHECK(ordinals(2, 3) == Ordinals{1});
  CHECK(ordinals(1, 3).empty());
  CHECK(ordinals(11, 1) == Ordinals{10});
}

TEST_CASE("an unknown worker has no history") {
  Subject subject(GENERATE(from_range(AllStores())));
  const auto nobody = subject.reader().Heartbeats("nobody", kNewest, 1);
  REQUIRE_FALSE(nobody.ok());
  CHECK(ReasonOf(nobody.error()) == "WORKER_NOT_FOUND");
  subject.Register("somebody");
  CHECK(subject.History("somebody").empty());
}

TEST_CASE("an id that is removed and inserted again has no past") {
  Subject subject(GENERATE(from_range(AllStores())));
  const bool maintain_between = GENERATE(false, true);
  subject.Register("a");
  for (int i = 0; i < 5; ++i) subject.Beat("a", 2);
  if (maintain_between) subject.MaintainAll();
  subject.Remove("a");
  CHECK_FALSE(subject.Has("a"));
  CHECK_FALSE(subject.reader().Heartbeats("a", kNewest, 1).ok());
  if (maintain_between) subject.MaintainAll();
  subject.Register("a");
  CHECK(subject.Get("a").pulse.total == 0);
  CHECK_FALSE(subject.Get("a").pulse.in_use.has_value());
  CHECK(subject.History("a").empty());
  subject.MaintainAll();
  subject.Advance(absl::Microseconds(1));
  subject.Beat("a");
  const std::string one = absl::StrCat("#1 ", absl::ToUnixMicros(subject.now().wall), "\n");
  CHECK(Describe(subject.History("a")) == one);
  subject.MaintainAll();
  CHECK(Describe(subject.History("a")) == one);
  if (subject.persistent()) subject.Reopen();
  CHECK(Describe(subject.History("a")) == one);
}

TEST_CASE("a change of the worker keeps its pulse and its history") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a", 2);
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    Worker taken_over = *view.worker;
    taken_over.instance_id = "another";
    taken_over.heartbeats_before = tx.HeartbeatsRecorded(view);
    CHECK(taken_over.heartbeats_before == 1);
    const WorkerView updated = tx.Update(view, taken_over);
    CHECK(updated.pulse.total == 1);
  });
  CHECK(subject.Get("a").pulse.total == 1);
  CHECK(subject.Get("a").pulse.in_use == 2);
  CHECK(subject.History("a").size() == 1);
}

// The expected history: everything that was ever recorded, cut to the last `kept`.
std::string Expected(const std::vector<absl::Time>& all, std::size_t kept) {
  std::string text;
  for (std::size_t i = all.size(); i > 0 && all.size() - i < kept; --i) {
    text += Describe(HeartbeatRecord{static_cast<std::int64_t>(i), all[i - 1]}) + "\n";
  }
  return text;
}

TEST_CASE("the last heartbeats are exact, whenever the store folds") {
  const StoreKind kind = GENERATE(from_range(AllStores()));
  const int kept = GENERATE(1, 10, 100);
  CAPTURE(kind.scheme, kept);
  Subject subject(kind, {.history = kept});
  std::mt19937_64 random(static_cast<std::uint64_t>(kept));
  std::map<std::string, std::vector<absl::Time>> recorded;
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    subject.Register(id);
    recorded[id];
  }
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    subject.Advance(absl::Microseconds(random() % 3));
    subject.Write([&](WriteTx& tx) {
      for (std::uint64_t beats = random() % 60; beats > 0; --beats) {
        // "a" has the most heartbeats, "e" has few.
        const std::string id(
            1, static_cast<char>('a' + std::min<std::uint64_t>({random() % 5, random() % 5, random() % 5})));
        tx.RecordHeartbeat(Found(tx, id), subject.now(), std::nullopt);
        recorded[id].push_back(subject.now().wall);
      }
    });
    if (random() % 4 == 0) subject.store().Maintain(absl::Microseconds(random() % 2000));
    if (random() % 10 == 0) subject.MaintainAll();
    if (kind.persistent && random() % 40 == 0) subject.Reopen();
    if (random() % 4 != 0) continue;
    for (const auto& [id, all] : recorded) {
      CAPTURE(id);
      REQUIRE(subject.Get(id).pulse.total == static_cast<std::int64_t>(all.size()));
      REQUIRE(Describe(subject.History(id)) == Expected(all, static_cast<std::size_t>(kept)));
    }
  }
  CHECK(recorded["a"].size() > 2000);
}

}  // namespace
}  // namespace muster::testing

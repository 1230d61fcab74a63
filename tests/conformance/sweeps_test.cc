// The questions that the jobs ask: which workers were heard, and which are silent, to the microsecond.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"
#include "domain/liveness.h"
#include "tests/store/up_to.h"

namespace muster::testing {
namespace {

using Ids = std::vector<std::string>;

// Asks in a transaction that changes nothing.
template <typename Question>
auto Ask(Subject& subject, Question question) {
  auto answer = question(subject.store().Begin());
  subject.store().Rollback();
  return answer;
}

using Ranges = std::vector<ReferenceRange>;

Ids Silent(Subject& subject, const Ranges& stale, const absl::flat_hash_set<std::string>& except = {},
           int limit = 1000) {
  return SortedIds(Ask(subject, [&](WriteTx& tx) { return tx.Silent(stale, except, limit); }));
}
Ids Silent(Subject& subject, ListeningTime cutoff, const absl::flat_hash_set<std::string>& except = {},
           int limit = 1000) {
  return Silent(subject, UpTo(cutoff), except, limit);
}

Ids OfflineFresh(Subject& subject, const Ranges& stale, int limit = 1000) {
  return SortedIds(Ask(subject, [&](WriteTx& tx) { return tx.OfflineFresh(stale, limit); }));
}
Ids OfflineFresh(Subject& subject, ListeningTime cutoff, int limit = 1000) {
  return OfflineFresh(subject, UpTo(cutoff), limit);
}

Ids PendingHeard(Subject& subject, int limit = 1000) {
  return SortedIds(Ask(subject, [&](WriteTx& tx) { return tx.PendingHeard(limit); }));
}

std::string SilentByRegion(Subject& subject, const Ranges& stale) {
  std::vector<RegionSilence> silence = *Ask(subject, [&](WriteTx& tx) { return tx.SilentByRegion(stale); });
  std::sort(silence.begin(), silence.end(),
            [](const RegionSilence& a, const RegionSilence& b) { return a.region < b.region; });
  return Describe(silence);
}
std::string SilentByRegion(Subject& subject, ListeningTime cutoff) {
  return SilentByRegion(subject, UpTo(cutoff));
}

void ActivateByHand(Subject& subject, const std::string& id) {
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, id);
    Worker worker = *view.worker;
    worker.status = WorkerStatus::kActive;
    worker.activated_by_hand_at = subject.now().listening;
    tx.Update(view, worker);
  });
}

constexpr absl::Duration kTick = absl::Microseconds(1);
const ListeningTime kBefore = UpTo({}).front().after;

// The rules are in domain/liveness.h. PostgreSQL has a copy of them in SQL. This test compares the two.
TEST_CASE("the questions find exactly the workers that the rules of the domain find") {
  Subject subject(GENERATE(from_range(AllStores())));
  const ListeningTime cutoff = subject.now().listening + absl::Seconds(10);
  const std::optional<absl::Duration> moments[] = {std::nullopt, absl::Seconds(-10) - absl::Seconds(5),
                                                   -kTick, absl::ZeroDuration(),
                                                   kTick};  // around the cutoff, or never
  // One timeout; and a shorter one that replaced a longer: with ends in one bucket of the index, and far
  // apart.
  const Ranges stale =
      GENERATE_COPY(UpTo(cutoff), Ranges{{kBefore, cutoff - absl::Seconds(5)}, {cutoff - kTick, cutoff}},
                    Ranges{{kBefore, cutoff - kTick}, {cutoff, cutoff + kTick}},
                    Ranges{{kBefore, cutoff - absl::Hours(1)},
                           {cutoff - absl::Seconds(30), cutoff - kTick},
                           {cutoff, cutoff + kTick}});
  std::vector<Worker> planned;
  std::vector<std::optional<absl::Duration>> heard_at;
  subject.Write([&](WriteTx& tx) {
    for (const WorkerStatus status : kAllStatuses) {
      for (const auto& by_hand : moments) {
        for (const auto& heard : moments) {
          for (const std::int64_t before : {0, 1}) {
            Worker worker = NewWorker(tx, absl::StrCat("w", planned.size()), subject.now());
            worker.config.region = planned.size() % 3 == 0 ? "us" : "eu";
            tx.Insert(worker);
            worker.status = status;
            if (by_hand) worker.activated_by_hand_at = cutoff + *by_hand;
            worker.heartbeats_before = before;
            planned.push_back(std::move(worker));
            heard_at.push_back(heard);
          }
        }
      }
    }
  });
  for (const auto& moment : moments) {
    if (!moment) continue;
    subject.Write([&](WriteTx& tx) {
      for (std::size_t i = 0; i < planned.size(); ++i) {
        if (heard_at[i] != moment) continue;
        tx.RecordHeartbeat(Found(tx, planned[i].id), Moment{subject.now().wall, cutoff + *moment},
                           std::nullopt);
      }
    });
  }
  subject.Write([&](WriteTx& tx) {
    for (Worker& worker : planned) {
      worker.revision = tx.NextRevision();
      tx.Update(Found(tx, worker.id), worker);
    }
  });
  const std::vector<WorkerView> all = *subject.reader().List({}, "", 10'000);
  const auto expected = [&all](auto applies) {
    Ids ids;
    for (const WorkerView& view : all) {
      if (applies(view)) ids.push_back(view.worker->id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  const auto is_stale = [&](const WorkerView& view) { return StaleDetectionApplies(view, stale); };
  CHECK(Silent(subject, stale) == expected(is_stale));
  CHECK(OfflineFresh(subject, stale) ==
        expected([&](const WorkerView& view) { return ReactivationApplies(view, stale); }));
  CHECK(PendingHeard(subject) == expected(ActivationApplies));
  std::vector<RegionSilence> silences;
  for (const char* region : {"eu", "us"}) {
    RegionSilence silence{region, 0, 0};
    for (const WorkerView& view : all) {
      if (view.worker->config.region != region || view.worker->status != WorkerStatus::kActive) continue;
      ++silence.active;
      if (is_stale(view)) ++silence.silent;
    }
    if (silence.silent > 0) silences.push_back(silence);
  }
  CHECK(SilentByRegion(subject, stale) == Describe(silences));
}

TEST_CASE("Pending workers are found after they were heard") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (const char* id : {"a", "b", "c", "d"}) subject.Register(id);
  CHECK(PendingHeard(subject).empty());
  subject.Beat("b");
  subject.Beat("c");
  subject.Beat("c");
  CHECK(PendingHeard(subject) == Ids{"b", "c"});
  CHECK(PendingHeard(subject, 1).size() == 1);
  CHECK(PendingHeard(subject, 2) == Ids{"b", "c"});

  subject.SetStatus("b", WorkerStatus::kActive);
  CHECK(PendingHeard(subject) == Ids{"c"});
  subject.Remove("c");
  CHECK(PendingHeard(subject).empty());
  subject.SetStatus("a", WorkerStatus::kFailed);
  subject.Beat("a");
  CHECK(PendingHeard(subject).empty());
}

TEST_CASE("a worker that took an id over is not found because of earlier heartbeats") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a");
  subject.Beat("a");
  subject.SetStatus("a", WorkerStatus::kActive);
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    Worker taken_over = *view.worker;
    taken_over.status = WorkerStatus::kPending;
    taken_over.heartbeats_before = tx.HeartbeatsRecorded(view);
    tx.Update(view, taken_over);
  });
  CHECK(PendingHeard(subject).empty());
  subject.Beat("a");
  CHECK(PendingHeard(subject) == Ids{"a"});
}

TEST_CASE("heartbeats of the same transaction count before a takeover and after it") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a");
  const bool heard_after = GENERATE(false, true);
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    tx.RecordHeartbeat(view, subject.now(), std::nullopt);
    Worker taken_over = *view.worker;
    taken_over.heartbeats_before = tx.HeartbeatsRecorded(view);
    CHECK(taken_over.heartbeats_before == 2);
    const WorkerView updated = tx.Update(view, taken_over);
    if (heard_after) tx.RecordHeartbeat(updated, subject.now(), std::nullopt);
  });
  CHECK(PendingHeard(subject) == (heard_after ? Ids{"a"} : Ids{}));
}

TEST_CASE("silence is exact to the microsecond") {
  Subject subject(GENERATE(from_range(AllStores())));
  // One worker for each microsecond, so that any rounding shows.
  std::vector<ListeningTime> heard;
  for (int i = 0; i < 10; ++i) {
    const std::string id = absl::StrCat("w", i);
    subject.Register(id);
    subject.SetStatus(id, WorkerStatus::kActive);
    subject.Advance(kTick);
    subject.Beat(id);
    heard.push_back(subject.now().listening);
  }
  CHECK(Silent(subject, heard[0] - kTick).empty());
  CHECK(SilentByRegion(subject, heard[0] - kTick).empty());
  for (std::size_t i = 0; i < heard.size(); ++i) {
    CHECK(Silent(subject, heard[i]).size() == i + 1);
    CHECK(SilentByRegion(subject, heard[i]) == absl::StrCat("eu silent=", i + 1, "/10\n"));
  }
  CHECK(Silent(subject, heard[2], {}, 2).size() == 2);

  subject.Advance(absl::Seconds(100));
  subject.Beat("w0");
  CHECK(Silent(subject, heard[2]) == Ids{"w1", "w2"});
  subject.SetStatus("w1", WorkerStatus::kOffline);
  CHECK(Silent(subject, heard[2]) == Ids{"w2"});
  CHECK(SilentByRegion(subject, heard[2]) == "eu silent=1/9\n");
  subject.Remove("w2");
  CHECK(Silent(subject, heard[2]).empty());
  CHECK(SilentByRegion(subject, heard[2]).empty());
}

TEST_CASE(
    "a worker that was activated by hand is silent from then on, or from its last heartbeat if that is "
    "later") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (const char* id : {"never", "before", "after"}) subject.Register(id);
  subject.Beat("before");
  subject.Beat("after");
  subject.Advance(absl::Seconds(10));
  for (const char* id : {"never", "before", "after"}) ActivateByHand(subject, id);
  const ListeningTime by_hand = subject.now().listening;
  subject.Advance(absl::Seconds(10));
  subject.Beat("after");
  const ListeningTime heard = subject.now().listening;

  CHECK(Silent(subject, by_hand - kTick).empty());
  CHECK(Silent(subject, by_hand) == Ids{"before", "never"});
  CHECK(Silent(subject, heard - kTick) == Ids{"before", "never"});
  CHECK(Silent(subject, heard) == Ids{"after", "before", "never"});
}

TEST_CASE("held regions are left out") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (const char* region : {"ap", "eu", "us"}) {
    for (int i = 0; i < 3; ++i) {
      const std::string id = absl::StrCat(region, i);
      subject.Register(id, {.region = region});
      subject.SetStatus(id, WorkerStatus::kActive);
      subject.Beat(id);
    }
  }
  const ListeningTime cutoff = subject.now().listening;
  subject.Advance(absl::Seconds(1));
  subject.Beat("us0");
  CHECK(SilentByRegion(subject, cutoff) == "ap silent=3/3\neu silent=3/3\nus silent=2/3\n");
  CHECK(Silent(subject, cutoff, {"eu"}) == Ids{"ap0", "ap1", "ap2", "us1", "us2"});
  CHECK(Silent(subject, cutoff, {"eu", "ap", "nowhere"}) == Ids{"us1", "us2"});
  CHECK(Silent(subject, cutoff, {"eu", "ap", "us"}).empty());
  CHECK(Silent(subject, cutoff, {"eu"}, 4).size() == 4);
}

TEST_CASE("Offline workers are found by a heartbeat after the cutoff") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (const char* id : {"a", "b", "never", "active"}) subject.Register(id);
  subject.Beat("a");
  const ListeningTime heard_a = subject.now().listening;
  subject.Advance(kTick);
  subject.Beat("b");
  subject.Beat("active");
  const ListeningTime heard_b = subject.now().listening;
  for (const char* id : {"a", "b", "never"}) subject.SetStatus(id, WorkerStatus::kOffline);
  subject.SetStatus("active", WorkerStatus::kActive);

  CHECK(OfflineFresh(subject, heard_a - kTick) == Ids{"a", "b"});
  CHECK(OfflineFresh(subject, heard_a) == Ids{"b"});
  CHECK(OfflineFresh(subject, heard_b).empty());
  CHECK(OfflineFresh(subject, heard_a - kTick, 1).size() == 1);

  subject.Advance(absl::Seconds(1));
  subject.Beat("a");
  CHECK(OfflineFresh(subject, heard_b) == Ids{"a"});
  subject.SetStatus("a", WorkerStatus::kActive);
  CHECK(OfflineFresh(subject, heard_b).empty());
}

TEST_CASE("an activation by hand does not count as a heartbeat") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a");
  const ListeningTime heard = subject.now().listening;
  subject.Advance(absl::Seconds(10));
  ActivateByHand(subject, "a");
  subject.SetStatus("a", WorkerStatus::kOffline);
  CHECK(OfflineFresh(subject, heard).empty());
  CHECK(OfflineFresh(subject, heard - kTick) == Ids{"a"});
}

TEST_CASE("the timeouts of the roll are kept as they were committed") {
  Subject subject(GENERATE(from_range(AllStores())));
  CHECK(subject.store().Timeouts().in_force == absl::ZeroDuration());
  const auto is = [&subject](const RollTimeouts& expected) {
    const RollTimeouts& kept = subject.store().Timeouts();
    REQUIRE(kept.in_force == expected.in_force);
    REQUIRE(kept.told.size() == expected.told.size());
    for (std::size_t i = 0; i < kept.told.size(); ++i) {
      CHECK(kept.told[i].timeout == expected.told[i].timeout);
      CHECK(kept.told[i].replaced_at == expected.told[i].replaced_at);
    }
    CHECK(Ask(subject, [](WriteTx& tx) { return tx.Timeouts().in_force; }) == expected.in_force);
  };
  RollTimeouts timeouts = {absl::Seconds(120), {}};
  subject.Write([&](WriteTx& tx) { tx.SetTimeouts(timeouts); });
  is(timeouts);
  subject.store().Begin().SetTimeouts({absl::Seconds(1), {}});
  subject.store().Rollback();
  is(timeouts);
  timeouts = {absl::Microseconds(12'000'001), {}};
  for (std::size_t i = 0; i < kMaxToldTimeouts; ++i) {
    timeouts.told.push_back(
        {absl::Hours(40 - static_cast<int>(i)), subject.now().listening + static_cast<int>(i) * kTick});
  }
  subject.Write([&](WriteTx& tx) { tx.SetTimeouts(timeouts); });
  is(timeouts);
  if (!subject.persistent()) return;
  subject.Reopen();
  is(timeouts);
}

TEST_CASE("workers move with their region") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a", {.region = "eu"});
  subject.SetStatus("a", WorkerStatus::kActive);
  subject.Beat("a");
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, "a");
    Worker moved = *view.worker;
    moved.config.region = "us";
    tx.Update(view, moved);
  });
  const ListeningTime cutoff = subject.now().listening;
  CHECK(SilentByRegion(subject, cutoff) == "us silent=1/1\n");
  CHECK(Silent(subject, cutoff, {"eu"}) == Ids{"a"});
  CHECK(Silent(subject, cutoff, {"us"}).empty());
}

TEST_CASE("the answers are the same after a restart") {
  Subject subject(GENERATE(from_range(PersistentStores())));
  for (const char* id : {"pending", "silent", "by-hand", "offline"}) subject.Register(id);
  subject.Beat("pending");
  subject.Beat("silent");
  subject.SetStatus("silent", WorkerStatus::kActive);
  ActivateByHand(subject, "by-hand");
  subject.Beat("offline");
  subject.SetStatus("offline", WorkerStatus::kOffline);
  if (GENERATE(false, true)) subject.MaintainAll();
  subject.Reopen();
  const ListeningTime now = subject.now().listening;
  CHECK(PendingHeard(subject) == Ids{"pending"});
  CHECK(Silent(subject, now) == Ids{"by-hand", "silent"});
  CHECK(Silent(subject, now - kTick).empty());
  CHECK(OfflineFresh(subject, now - kTick) == Ids{"offline"});
}

}  // namespace
}  // namespace muster::testing

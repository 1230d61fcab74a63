// What every store promises about a transaction: changes are staged, then all happen or none, then they are
// visible.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

using Ids = std::vector<std::string>;

TEST_CASE("only the transaction itself sees what is staged") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Register("b");

  WriteTx& tx = subject.store().Begin();
  tx.Insert(NewWorker(tx, "c", subject.now()));
  tx.Remove(Found(tx, "a"));
  Worker changed = *Found(tx, "b").worker;
  changed.status_reason = "changed";
  tx.Update(Found(tx, "b"), changed);
  tx.Hold({"eu", subject.now().listening});

  CHECK(Found(tx, "b").worker->status_reason == "changed");
  CHECK_FALSE(IsThere(tx, "a"));
  CHECK(IsThere(tx, "c"));

  CHECK(subject.Ids() == Ids{"a", "b"});
  CHECK(subject.Get("b").worker->status_reason.empty());
  CHECK((*subject.reader().Holds()).empty());

  REQUIRE(subject.store().Commit(subject.listening()).committed());
  CHECK(subject.Ids() == Ids{"b", "c"});
  CHECK(subject.Get("b").worker->status_reason == "changed");
  CHECK((*subject.reader().Holds()).size() == 1);
}

TEST_CASE("a rollback leaves nothing") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a");
  const std::string before = Describe(subject.reader().List({}, "", 10));

  WriteTx& tx = subject.store().Begin();
  const WorkerView added = tx.Insert(NewWorker(tx, "b", subject.now()));
  tx.RecordHeartbeat(added, subject.now(), 1);
  const WorkerView a = Found(tx, "a");
  tx.RecordHeartbeat(a, subject.now(), 1);
  Worker changed = *a.worker;
  changed.status = WorkerStatus::kFailed;
  tx.Remove(tx.Update(a, changed));
  tx.Append(Event{.at = subject.now().wall, .worker_id = "a", .reason = "x"});
  tx.Hold({"eu", subject.now().listening});
  subject.store().Rollback();

  CHECK(Describe(subject.reader().List({}, "", 10)) == before);
  CHECK(subject.History("a").size() == 1);
  CHECK(subject.EventsOf("").empty());
  CHECK(*subject.reader().LastCursor() == 0);
  CHECK((*subject.reader().Holds()).empty());

  subject.Register("b");  // the id, the slot and the cursor are free again
  CHECK(subject.Get("b").pulse.total == 0);
  CHECK(subject.History("b").empty());
  subject.Write([&](WriteTx& next) { next.Append(Event{.at = subject.now().wall, .worker_id = "b"}); });
  CHECK(*subject.reader().LastCursor() == 1);
}

TEST_CASE("a revision is greater than all before it") {
  Subject subject(GENERATE(from_range(AllStores())));
  std::int64_t last = 0;
  const auto next_is_greater = [&last](WriteTx& tx) {
    const std::int64_t next = tx.NextRevision();
    CHECK(next > last);
    last = next;
  };
  subject.Write([&](WriteTx& tx) {
    next_is_greater(tx);
    next_is_greater(tx);
    tx.Insert(NewWorker(tx, "a", subject.now()));
    last = Found(tx, "a").worker->revision;
  });
  subject.Remove("a");
  subject.Write(next_is_greater);
}

TEST_CASE("a worker can be removed and inserted anew in one transaction, without its past") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  subject.Beat("a", 3);

  WriteTx& tx = subject.store().Begin();
  tx.Remove(Found(tx, "a"));
  CHECK_FALSE(IsThere(tx, "a"));
  const WorkerView again = tx.Insert(NewWorker(tx, "a", subject.now()));
  CHECK(again.pulse.total == 0);
  CHECK(Found(tx, "a").pulse.total == 0);
  REQUIRE(subject.store().Commit(subject.listening()).committed());

  CHECK(subject.Get("a").pulse.total == 0);
  CHECK_FALSE(subject.Get("a").pulse.in_use.has_value());
  CHECK(subject.History("a").empty());
}

TEST_CASE("a worker that is inserted and removed in one transaction leaves nothing") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = tx.Insert(NewWorker(tx, "a", subject.now()));
    tx.RecordHeartbeat(view, subject.now(), 1);
    tx.Remove(view);
  });
  CHECK_FALSE(subject.Has("a"));
  CHECK((*subject.reader().Totals()).empty());
  subject.Register("a");
  CHECK(subject.History("a").empty());
}

TEST_CASE("a worker can be inserted and heard in one transaction") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Write([&](WriteTx& tx) {
    const WorkerView view = tx.Insert(NewWorker(tx, "a", subject.now()));
    tx.RecordHeartbeat(view, subject.now(), 2);
    tx.RecordHeartbeat(view, subject.now(), std::nullopt);
    CHECK(tx.HeartbeatsRecorded(view) == 2);
  });
  CHECK(subject.Get("a").pulse.total == 2);
  CHECK(subject.Get("a").pulse.in_use == 2);
  CHECK(subject.History("a").size() == 2);
}

TEST_CASE("a view does not change while it is held") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Register("a");
  const WorkerView before = subject.Get("a");
  const std::string description = Describe(before);
  subject.SetStatus("a", WorkerStatus::kActive);
  subject.Beat("a");
  CHECK(Describe(before) == description);
  subject.Remove("a");
  CHECK(Describe(before) == description);
}

TEST_CASE("every field of a worker is kept, after a restart too") {
  Subject subject(GENERATE(from_range(AllStores())));
  Worker full;
  subject.Write([&](WriteTx& tx) {
    full = NewWorker(tx, "a.b:c@d-e_f", subject.now(),
                     {.region = "eu \"west\" é",
                      .capacity = 2'147'483'647,
                      .capabilities = {"", "gpu", "x,y"},
                      .metadata = {{"k\"\\\n\t", "v=é"}, {"empty", ""}}});
    full.instance_id = "second";
    full.registered_from = "[::1]:50051";
    full.status = WorkerStatus::kOffline;
    full.status_reason = "it's gone";
    full.status_changed_at = subject.now().wall + absl::Microseconds(1);
    full.activated_by_hand_at = ListeningTime::FromMicros(0);
    full.called_offline_at = ListeningTime::FromMicros(7);
    full.heartbeats_before = 9;
    full.previous_instance_id = "first";
    full.clone_reported = true;
    CHECK(Describe(*tx.Insert(full).worker) == Describe(full));
  });
  CHECK(Describe(*subject.Get(full.id).worker) == Describe(full));
  if (subject.persistent()) subject.Reopen();
  CHECK(Describe(*subject.Get(full.id).worker) == Describe(full));

  // An update also writes all of them, and clears what is unset.
  for (const bool bare : {true, false}) {
    Worker changed = full;
    if (bare) {
      changed.activated_by_hand_at.reset();
      changed.called_offline_at.reset();
      changed.previous_instance_id.clear();
      changed.clone_reported = false;
      changed.status_reason.clear();
      changed.config = {.region = "us", .capacity = 1};
    }
    subject.Write([&](WriteTx& tx) { tx.Update(Found(tx, full.id), changed); });
    CHECK(Describe(*subject.Get(full.id).worker) == Describe(changed));
    if (subject.persistent()) subject.Reopen();
    CHECK(Describe(*subject.Get(full.id).worker) == Describe(changed));
  }
}

TEST_CASE("readers see whole commits while the writer writes") {
  Subject subject(GENERATE(from_range(AllStores())));
  constexpr int kWorkers = 20;
  constexpr int kRounds = 100;
  subject.Write([&](WriteTx& tx) {
    const std::int64_t revision = tx.NextRevision();
    for (int i = 0; i < kWorkers; ++i) {
      Worker worker = NewWorker(tx, absl::StrCat("w", i), subject.now());
      worker.revision = revision;  // from the beginning all workers have the same revision
      tx.Insert(std::move(worker));
    }
  });

  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::thread reading([&] {
    std::int64_t last_revision = 0;
    while (!done) {
      const Result<std::vector<WorkerView>> all = subject.reader().List({}, "", 100);
      bool whole = all.ok() && all->size() == kWorkers;
      for (std::size_t i = 0; whole && i < all->size(); ++i) {
        whole = (*all)[i].worker->revision == (*all)[0].worker->revision &&
                (*all)[i].pulse.total == (*all)[0].pulse.total;
      }
      if (whole) {
        whole = (*all)[0].worker->revision >= last_revision;
        last_revision = (*all)[0].worker->revision;
      }
      const Result<std::vector<RegionTotals>> totals = subject.reader().Totals();
      whole = whole && totals.ok() && totals->size() == 1 && (*totals)[0].by_status[1] == kWorkers;
      if (!whole) ++torn;
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    subject.Write([&](WriteTx& tx) {
      const std::int64_t revision = tx.NextRevision();
      for (int i = 0; i < kWorkers; ++i) {
        const WorkerView view = Found(tx, absl::StrCat("w", i));
        Worker worker = *view.worker;
        worker.revision = revision;
        tx.RecordHeartbeat(tx.Update(view, worker), subject.now(), std::nullopt);
      }
    });
    subject.store().Maintain(absl::Milliseconds(1));
  }
  done = true;
  reading.join();
  CHECK(torn == 0);
  CHECK(subject.Get("w0").pulse.total == kRounds);
}

}  // namespace
}  // namespace muster::testing

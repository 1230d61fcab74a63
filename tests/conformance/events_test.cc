// The record of everything that changed: order, gaps, reading in both directions, and its limit.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "conformance/subject.h"

namespace muster::testing {
namespace {

using Cursors = std::vector<std::int64_t>;

Event EventOf(std::string_view worker, std::string_view reason = "") {
  return {.type = EventType::kStatusChanged,
          .at = kBeginning.wall,
          .worker_id = std::string(worker),
          .region = "eu",
          .revision = 3,
          .from = WorkerStatus::kPending,
          .to = WorkerStatus::kActive,
          .reason = std::string(reason),
          .actor = "job:activation"};
}

Cursors CursorsOf(const Result<std::vector<Event>>& events) {
  REQUIRE(events.ok());
  Cursors cursors;
  for (const Event& event : *events) cursors.push_back(event.cursor);
  return cursors;
}

TEST_CASE("cursors ascend without gaps, in the order of the calls") {
  Subject subject(GENERATE(from_range(AllStores())));
  CHECK(*subject.reader().LastCursor() == 0);
  subject.Write([](WriteTx& tx) {
    tx.Append(EventOf("a", "first"));
    tx.Append(EventOf("b", "second"));
  });
  subject.store().Begin().Append(EventOf("a", "never"));
  subject.store().Rollback();
  subject.Write([](WriteTx& tx) { tx.Append(EventOf("a", "third")); });

  const std::vector<Event> events = subject.EventsOf("");
  REQUIRE(events.size() == 3);
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].cursor == static_cast<std::int64_t>(i + 1));
  CHECK(events[0].reason == "first");
  CHECK(events[1].reason == "second");
  CHECK(events[2].reason == "third");
  CHECK(*subject.reader().LastCursor() == 3);
}

TEST_CASE("every field of an event is kept") {
  Subject subject(GENERATE(from_range(AllStores())));
  Event of_worker = EventOf("a", "it's \"é\"");
  Event of_region = {
      .type = EventType::kRegionHeld, .at = kBeginning.wall + absl::Microseconds(1), .region = "eu"};
  subject.Write([&](WriteTx& tx) {
    tx.Append(of_worker);
    tx.Append(of_region);
  });
  of_worker.cursor = 1;
  of_region.cursor = 2;
  CHECK(Describe(subject.EventsOf("")) == Describe(std::vector<Event>{of_worker, of_region}));
}

TEST_CASE("events are read in both directions from a bound, for all workers or for one") {
  Subject subject(GENERATE(from_range(AllStores())));
  for (int i = 0; i < 4; ++i) {
    subject.Write([](WriteTx& tx) {
      tx.Append(EventOf("a"));
      tx.Append(EventOf("b"));
    });
    if (i == 1) subject.MaintainAll();
  }
  const ScanReads& reader = subject.reader();
  CHECK(CursorsOf(reader.Events("", 0, false, 3)) == Cursors{1, 2, 3});
  CHECK(CursorsOf(reader.Events("", 3, false, 3)) == Cursors{4, 5, 6});
  CHECK(CursorsOf(reader.Events("", 8, false, 3)).empty());
  CHECK(CursorsOf(reader.Events("", kNewest, false, 3)).empty());
  CHECK(CursorsOf(reader.Events("", kNewest, true, 3)) == Cursors{8, 7, 6});
  CHECK(CursorsOf(reader.Events("", 6, true, 3)) == Cursors{5, 4, 3});
  CHECK(CursorsOf(reader.Events("", 1, true, 3)).empty());
  CHECK(CursorsOf(reader.Events("a", 0, false, 10)) == Cursors{1, 3, 5, 7});
  CHECK(CursorsOf(reader.Events("a", 3, false, 1)) == Cursors{5});
  CHECK(CursorsOf(reader.Events("b", kNewest, true, 2)) == Cursors{8, 6});
  CHECK(CursorsOf(reader.Events("b", 6, true, 10)) == Cursors{4, 2});
  CHECK(CursorsOf(reader.Events("nobody", 0, false, 10)).empty());
}

TEST_CASE("the events of a worker outlive it") {
  Subject subject(GENERATE(from_range(AllStores())));
  subject.Write([&](WriteTx& tx) {
    tx.Insert(NewWorker(tx, "a", subject.now()));
    tx.Append(EventOf("a"));
  });
  subject.Remove("a");
  CHECK(subject.EventsOf("a").size() == 1);
}

TEST_CASE("the oldest events are dropped, and the cursor goes on") {
  const StoreKind kind = GENERATE(from_range(AllStores()));
  Subject subject(kind, {.max_events = 10});
  for (int i = 0; i < 40; ++i) {
    subject.Write([&](WriteTx& tx) {
      tx.Append(EventOf(i % 2 == 0 ? "a" : "b"));
      if (i % 3 == 0) tx.Append(EventOf("c"));
    });
    CHECK(subject.EventsOf("").back().cursor == *subject.reader().LastCursor());
    if (i % 7 == 0) subject.MaintainAll();
    if (kind.persistent && i == 30) subject.Reopen();
  }
  subject.MaintainAll();
  CHECK(CursorsOf(subject.reader().Events("", 0, false, 1000)) ==
        Cursors{45, 46, 47, 48, 49, 50, 51, 52, 53, 54});
  CHECK(CursorsOf(subject.reader().Events("", kNewest, true, 2)) == Cursors{54, 53});
  for (const Event& event : subject.EventsOf("a")) CHECK(event.cursor >= 45);
  CHECK(*subject.reader().LastCursor() == 54);
}

}  // namespace
}  // namespace muster::testing

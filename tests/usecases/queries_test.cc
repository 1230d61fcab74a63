// Lists, their pages and their tokens.
#include <set>

#include "catch.h"
#include "domain/worker_size.h"
#include "usecases/fleet.h"
#include "usecases/page_token.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

std::vector<std::string> Ids(const std::vector<WorkerView>& workers) {
  std::vector<std::string> ids;
  for (const WorkerView& view : workers) ids.push_back(view.worker->id);
  return ids;
}

std::vector<std::string> Listed(const Fleet& fleet, const WorkerFilter& filter, int page_size = 100) {
  std::vector<std::string> ids;
  PageRequest page{page_size, ""};
  do {
    const Result<WorkerPage> next = ListWorkers(fleet.reader(), filter, page);
    REQUIRE(next.ok());
    for (std::string& id : Ids(next->workers)) ids.push_back(std::move(id));
    page.page_token = next->next_page_token;
  } while (!page.page_token.empty());
  return ids;
}

std::string FieldOf(const WorkerError& error) {
  const auto* invalid = std::get_if<InvalidArgument>(&error);
  return invalid == nullptr ? std::string(ReasonOf(error)) : invalid->field;
}

template <typename T>
std::string RefusedField(const Result<T>& result) {
  return result.ok() ? "" : FieldOf(result.error());
}

}  // namespace

TEST_CASE("a worker is found by its id, and only by an id") {
  Fleet fleet;
  REQUIRE(fleet.Register("w", "a").ok());
  CHECK(GetWorker(fleet.reader(), "w")->worker->instance_id == "a");
  CHECK(Refusal(GetWorker(fleet.reader(), "v")) == "WORKER_NOT_FOUND");
  CHECK(RefusedField(GetWorker(fleet.reader(), "not an id")) == "worker_id");
}

TEST_CASE("pages of any size show every worker once, in order") {
  Fleet fleet;
  std::set<std::string> all;
  for (int i = 0; i < 25; ++i) {
    REQUIRE(fleet.Register("w" + std::to_string(i)).ok());
    all.insert("w" + std::to_string(i));
  }
  const std::vector<std::string> expected(all.begin(), all.end());
  for (const int size : {1, 2, 5, 24, 25, 26, 1000}) {
    INFO(size);
    CHECK(Listed(fleet, {}, size) == expected);
  }
  CHECK(ListWorkers(fleet.reader(), {}, {25, ""})->next_page_token.empty());  // no empty last page
  CHECK(ListWorkers(fleet.reader(), {}, {})->workers.size() == 25);
}

TEST_CASE("a page ends before it is longer than a megabyte, and the next one goes on from there") {
  Fleet fleet;
  constexpr int kWorkers = 200;
  for (int i = 0; i < kWorkers; ++i) {
    RegisterWorkerCommand command = Fleet::Registration("w" + std::to_string(1000 + i));
    command.config.metadata = {{"k", std::string(kMaxMetadataBytes - 1, 'v')}};
    REQUIRE(fleet.Register(command).ok());
  }
  for (const std::int64_t bytes_with_each : {0, 500'000, 10'000'000}) {
    CAPTURE(bytes_with_each);
    std::set<std::string> seen;
    std::size_t pages = 0;
    PageRequest page{1000, ""};
    do {
      const WorkerPage next = *ListWorkers(fleet.reader(), {}, page, bytes_with_each);
      REQUIRE_FALSE(next.workers.empty());
      std::int64_t bytes = 0;
      for (const WorkerView& view : next.workers) {
        bytes += WorkerBytes(*view.worker) + bytes_with_each;
        CHECK(seen.insert(view.worker->id).second);
      }
      CHECK((bytes <= kMaxPageBytes || next.workers.size() == 1));
      ++pages;
      page.page_token = next.next_page_token;
    } while (!page.page_token.empty());
    CHECK(seen.size() == kWorkers);
    CHECK(pages == (bytes_with_each == 0 ? 4 : bytes_with_each == 500'000 ? 100 : 200));
  }
}

TEST_CASE("a page of nothing is a page") {
  Fleet fleet;
  CHECK(ListWorkers(fleet.reader(), {}, {})->workers.empty());
  CHECK(ListEvents(fleet.reader(), {}, {})->next_page_token.empty());
}

TEST_CASE("workers that come and go between two pages do not affect the others") {
  Fleet fleet;
  for (const char* id : {"b", "d", "f", "h"}) REQUIRE(fleet.Register(id).ok());
  const WorkerPage first = *ListWorkers(fleet.reader(), {}, {2, ""});
  CHECK(Ids(first.workers) == std::vector<std::string>{"b", "d"});
  REQUIRE(fleet.Unregister("d").ok());
  REQUIRE(fleet.Register("a").ok());
  REQUIRE(fleet.Register("e").ok());
  CHECK(Ids(ListWorkers(fleet.reader(), {}, {100, first.next_page_token})->workers) ==
        std::vector<std::string>{"e", "f", "h"});
}

TEST_CASE("all conditions of a filter hold at once") {
  Fleet fleet;
  for (int i = 0; i < 8; ++i) {
    RegisterWorkerCommand command =
        Fleet::Registration("w" + std::to_string(i), "", false, i & 1 ? "eu" : "us");
    if (i & 2) command.config.capabilities = {"gpu"};
    if (i & 4) command.config.metadata = {{"rack", "r1"}, {"zone", "z"}};
    REQUIRE(fleet.Register(command).ok());
  }
  REQUIRE(fleet.Move("w7", kActive).ok());
  WorkerFilter filter;
  CHECK(Listed(fleet, filter).size() == 8);
  filter.region = "eu";
  CHECK(Listed(fleet, filter) == std::vector<std::string>{"w1", "w3", "w5", "w7"});
  filter.capability = "gpu";
  CHECK(Listed(fleet, filter, 1) == std::vector<std::string>{"w3", "w7"});
  filter.metadata = {{"rack", "r1"}};
  CHECK(Listed(fleet, filter) == std::vector<std::string>{"w7"});
  filter.statuses = {kPending};
  CHECK(Listed(fleet, filter).empty());
  filter.statuses = {kPending, kActive};
  CHECK(Listed(fleet, filter) == std::vector<std::string>{"w7"});
}

TEST_CASE("bad requests are refused by field") {
  Fleet fleet;
  const ScanReads& reads = fleet.reader();
  const auto list = [&](const WorkerFilter& filter) { return RefusedField(ListWorkers(reads, filter, {})); };
  WorkerFilter filter;
  filter.statuses = {kActive, WorkerStatus{}};
  CHECK(list(filter) == "statuses[1]");
  filter = {};
  filter.region = std::string(65, 'r');
  CHECK(list(filter) == "region");
  filter = {};
  filter.capability = "a\n";
  CHECK(list(filter) == "capability");
  filter = {};
  filter.metadata = {{"k", "\xFF"}};
  CHECK(list(filter) == "metadata[k]");

  for (const int size : {-1, 1001}) {
    CHECK(RefusedField(ListWorkers(reads, {}, {size, ""})) == "page_size");
    CHECK(RefusedField(ListEvents(reads, {}, {size, ""})) == "page_size");
    CHECK(RefusedField(ListHeartbeats(reads, "w", {size, ""})) == "page_size");
  }
  CHECK(RefusedField(ListHeartbeats(reads, "", {})) == "worker_id");
  CHECK(Refusal(ListHeartbeats(reads, "nobody", {})) == "WORKER_NOT_FOUND");
  EventFilter events;
  events.after_cursor = -1;
  CHECK(RefusedField(ListEvents(reads, events, {})) == "after_cursor");
  events = {};
  events.worker_id = "?";
  CHECK(RefusedField(ListEvents(reads, events, {})) == "worker_id");
}

TEST_CASE("heartbeats are listed newest first; two in one microsecond are two") {
  Fleet fleet;
  REQUIRE(fleet.Register("w").ok());
  for (int i = 0; i < 7; ++i) {
    REQUIRE(fleet.Beat("w").ok());
    if (i % 2 == 1) fleet.Advance(absl::Seconds(1));
  }
  std::vector<std::int64_t> ordinals;
  PageRequest page{3, ""};
  do {
    const HeartbeatPage next = *ListHeartbeats(fleet.reader(), "w", page);
    for (const HeartbeatRecord& record : next.heartbeats) ordinals.push_back(record.ordinal);
    page.page_token = next.next_page_token;
  } while (!page.page_token.empty());
  CHECK(ordinals == std::vector<std::int64_t>{7, 6, 5, 4, 3, 2, 1});
}

TEST_CASE("events are read forwards from a cursor, or backwards down to it") {
  Fleet fleet;
  for (int i = 0; i < 6; ++i) REQUIRE(fleet.Register("w" + std::to_string(i)).ok());
  REQUIRE(fleet.Unregister("w2").ok());
  const auto cursors = [&](EventFilter filter, int size) {
    std::vector<std::int64_t> all;
    PageRequest page{size, ""};
    do {
      const EventPage next = *ListEvents(fleet.reader(), filter, page);
      for (const Event& event : next.events) all.push_back(event.cursor);
      page.page_token = next.next_page_token;
    } while (!page.page_token.empty());
    return all;
  };
  EventFilter filter;
  for (const int size : {1, 2, 3, 1000}) {
    INFO(size);
    filter = {};
    CHECK(cursors(filter, size) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
    filter.after_cursor = 4;
    CHECK(cursors(filter, size) == std::vector<std::int64_t>{5, 6, 7});
    filter.newest_first = true;
    CHECK(cursors(filter, size) == std::vector<std::int64_t>{7, 6, 5});
    filter.after_cursor = 0;
    CHECK(cursors(filter, size) == std::vector<std::int64_t>{7, 6, 5, 4, 3, 2, 1});
    filter.worker_id = "w2";
    CHECK(cursors(filter, size) == std::vector<std::int64_t>{7, 3});
    filter.after_cursor = 100;
    CHECK(cursors(filter, size).empty());
  }
}

TEST_CASE("a token is valid for its own query and filter only") {
  Fleet fleet;
  for (int i = 0; i < 3; ++i) REQUIRE(fleet.Register("w" + std::to_string(i)).ok());
  const ScanReads& reads = fleet.reader();
  WorkerFilter filter;
  filter.statuses = {kActive, kPending};
  filter.region = "eu";
  const std::string token = ListWorkers(reads, filter, {1, ""})->next_page_token;
  REQUIRE_FALSE(token.empty());
  const auto with = [&](const WorkerFilter& other) {
    return RefusedField(ListWorkers(reads, other, {1, token}));
  };
  CHECK(with(filter).empty());

  WorkerFilter same = filter;
  same.statuses = {kPending, kActive, kPending};  // a set
  CHECK(with(same).empty());

  WorkerFilter other = filter;
  other.region.clear();
  CHECK(with(other) == "page_token");
  other = filter;
  other.statuses = {kPending};
  CHECK(with(other) == "page_token");
  other = filter;
  other.capability = "eu";
  CHECK(with(other) == "page_token");
  other = filter;
  std::swap(other.region, other.capability);
  CHECK(with(other) == "page_token");
  other = filter;
  other.metadata = {{"a", "b"}};
  CHECK(with(other) == "page_token");

  CHECK(RefusedField(ListEvents(reads, {}, {1, token})) == "page_token");
  CHECK(RefusedField(ListHeartbeats(reads, "w0", {1, token})) == "page_token");
  const std::string events = ListEvents(reads, {}, {1, ""})->next_page_token;
  CHECK(RefusedField(ListHeartbeats(reads, "w0", {1, events})) == "page_token");
  EventFilter backwards;
  backwards.newest_first = true;
  CHECK(RefusedField(ListEvents(reads, backwards, {1, events})) == "page_token");
}

TEST_CASE("a token that was changed in any way is refused") {
  Fleet fleet;
  for (int i = 0; i < 3; ++i) REQUIRE(fleet.Register("w" + std::to_string(i)).ok());
  const ScanReads& reads = fleet.reader();
  const std::string token = ListWorkers(reads, {}, {1, ""})->next_page_token;
  const auto refused = [&](const std::string& changed) {
    return RefusedField(ListWorkers(reads, {}, {1, changed})) == "page_token";
  };
  REQUIRE_FALSE(refused(token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    INFO(i);
    CHECK(refused(token.substr(0, i) + (token[i] == 'A' ? "B" : "A") + token.substr(i + 1)));
    if (i > 0) CHECK(refused(token.substr(0, i)));
    CHECK(refused(token.substr(0, i) + " " + token.substr(i)));
  }
  for (const std::string& forged :
       {token + "A", token + "=", token + "==", " " + token, token + token, std::string("w0"),
        std::string("AQ"), std::string("*"), std::string("\0", 1), std::string(401, 'A'),
        std::string(1'000'000, 'A'), std::string("\xFF\xFE")}) {
    CHECK(refused(forged));
  }
}

TEST_CASE("a token of another roll is refused, and the longest token fits its limit") {
  TokenScope scope("workers");
  const std::string position(kMaxWorkerIdBytes, 'z');
  const std::string token = SealPageToken("key", scope, position);
  CHECK(token.size() <= kMaxPageTokenBytes);
  CHECK(OpenPageToken("key", scope, token) == position);
  CHECK_FALSE(OpenPageToken("another key", scope, token));
  CHECK_FALSE(NumberAt("1234567"));
  CHECK(NumberAt(PositionOf(-5)) == -5);
}

TEST_CASE("the fleet in numbers, region by region") {
  Fleet fleet;
  REQUIRE(fleet.Register(Fleet::Registration("a1", "", false, "eu")).ok());
  REQUIRE(fleet.Register(Fleet::Registration("a2", "", false, "eu")).ok());
  REQUIRE(fleet.Register(Fleet::Registration("b1", "", false, "us")).ok());
  REQUIRE(fleet.Move("a1", kActive).ok());
  REQUIRE(fleet.Beat("a1", "", 9).ok());  // more than its capacity of 4
  REQUIRE(fleet.Move("b1", kFailed).ok());
  const std::vector<RegionTotals> totals = *CountWorkers(fleet.reader());
  REQUIRE(totals.size() == 2);
  CHECK(totals[0].region == "eu");
  CHECK(totals[0].by_status[static_cast<int>(kActive)] == 1);
  CHECK(totals[0].by_status[static_cast<int>(kPending)] == 1);
  CHECK(totals[0].capacity == 4);
  CHECK(totals[0].in_use == 9);
  CHECK(totals[0].free_capacity == 0);
  CHECK_FALSE(totals[0].held);
  CHECK(totals[1].by_status[static_cast<int>(kFailed)] == 1);
}

TEST_CASE("a store that does not answer is an error of every query") {
  Fleet fleet;
  fleet.fake().Break(true);
  const ScanReads& reads = fleet.reader();
  CHECK(Refusal(GetWorker(reads, "w")) == "STORE_UNAVAILABLE");
  CHECK(Refusal(ListWorkers(reads, {}, {})) == "STORE_UNAVAILABLE");
  CHECK(Refusal(ListHeartbeats(reads, "w", {})) == "STORE_UNAVAILABLE");
  CHECK(Refusal(ListEvents(reads, {}, {})) == "STORE_UNAVAILABLE");
  CHECK(Refusal(CountWorkers(reads)) == "STORE_UNAVAILABLE");
}

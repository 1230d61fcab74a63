// What the SQLite store promises beyond the port: it is exact whatever the fold does, complete after a crash,
// and clear about damage.
#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "catch.h"
#include "store/sqlite/database.h"
#include "store/temp_directory.h"
#include "tests/store/fleet.h"
#include "tests/store/test_runtime.h"

namespace muster {
namespace {

std::unique_ptr<Store> Open(const std::string& path, const StoreOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path, options, TestRuntime());
  INFO(store.status());
  REQUIRE(store.ok());
  return *std::move(store);
}

// A copy of the files of a database that is in use: what a crash at this moment would leave.
std::string Copy(const std::string& path, const std::string& to) {
  for (const char* part : {"", "-wal"}) {
    if (std::filesystem::exists(path + part)) std::filesystem::copy_file(path + part, to + part);
  }
  return to;
}

void Alter(const std::string& path, const std::string& sql) {
  absl::StatusOr<sqlite::Database> database = sqlite::Database::Open(path, sqlite::Access::kReadWrite);
  REQUIRE(database.ok());
  const absl::Status altered = database->Execute(sql);
  INFO(altered);
  REQUIRE(altered.ok());
}

std::int64_t Ask(const std::string& path, const std::string& sql) {
  absl::StatusOr<sqlite::Database> database = sqlite::Database::Open(path, sqlite::Access::kReadOnly);
  REQUIRE(database.ok());
  const absl::StatusOr<std::int64_t> answer = database->QueryInt64(sql);
  INFO(answer.status());
  REQUIRE(answer.ok());
  return *answer;
}

// What the store should answer about each worker.
struct Expected {
  std::vector<double> times;  // oldest first
  std::optional<std::int32_t> in_use;
};

void CheckHistories(const Store& store, const std::vector<Expected>& expected, int history) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string id = absl::StrCat("w", i);
    const std::vector<double>& times = expected[i].times;
    const Pulse pulse = Get(store.Reader(), id).pulse;
    REQUIRE(pulse.total == static_cast<std::int64_t>(times.size()));
    REQUIRE(pulse.in_use == expected[i].in_use);
    const std::vector<HeartbeatRecord> records = History(store.Reader(), id);
    REQUIRE(records.size() == std::min(times.size(), static_cast<std::size_t>(history)));
    for (std::size_t back = 0; back < records.size(); ++back) {
      REQUIRE(records[back].ordinal == static_cast<std::int64_t>(times.size() - back));
      REQUIRE(records[back].at == At(times[times.size() - 1 - back]).wall);
    }
    if (!times.empty()) REQUIRE(pulse.heard_at == At(times.back()).listening);
  }
}

TEST_CASE("histories are exact whenever the store folds, and wherever it is when the power fails") {
  constexpr std::size_t kWorkers = 50;  // not a multiple of the size of a step
  const testing::TempDirectory directory;
  StoreOptions options;
  options.history = 12;
  std::string path = directory / "0.db";
  std::unique_ptr<Store> store = Open(path, options);
  for (std::size_t i = 0; i < kWorkers; ++i) Register(store->Begin(), NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(0));
  std::vector<Expected> expected(kWorkers);
  std::mt19937 random(13);
  double now = 0;
  for (int round = 1; round <= 400; ++round) {
    now += 0.5 + static_cast<double>(random() % 8);
    WriteTx& tx = store->Begin();
    const std::size_t beats = random() % 30;
    for (std::size_t i = 0; i < beats; ++i) {
      const std::size_t worker = random() % kWorkers;
      const std::optional<std::int32_t> in_use =
          random() % 2 == 0 ? std::optional(static_cast<std::int32_t>(random() % 9)) : std::nullopt;
      Beat(tx, absl::StrCat("w", worker), At(now), in_use);
      expected[worker].times.push_back(now);
      if (in_use) expected[worker].in_use = in_use;
    }
    CommitAt(*store, At(now));
    // A step folds 16 workers: a fold is almost always under way.
    if (random() % 3 == 0) store->Maintain(absl::Microseconds(1));
    if (random() % 60 == 0) store->Maintain(absl::InfiniteDuration());
    if (round % 20 == 0) CheckHistories(*store, expected, options.history);
    if (round % 10 == 0) {
      const std::string copy = Copy(path, directory / absl::StrCat(round, ".db"));
      store = nullptr;
      store = Open(path = copy, options);
      CHECK(store->LastListening()->proven == At(now).listening);
      CheckHistories(*store, expected, options.history);
    }
  }
}

TEST_CASE("a fold leaves one row of the journal, and the pulses can be read in the database") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  const std::unique_ptr<Store> store = Open(path);
  Register(store->Begin(), NewWorker("a"));
  for (int i = 1; i <= 20; ++i) {
    Beat(store->Begin(), "a", At(i));
    CommitAt(*store, At(i));
  }
  CHECK(Ask(path, "SELECT count(*) FROM journal") == 20);
  CHECK_FALSE(store->Maintain(absl::InfiniteDuration()));
  CHECK(Ask(path, "SELECT count(*) FROM journal") == 1);
  CHECK(Ask(path, "SELECT total FROM pulses") == 20);
  CHECK(Ask(path, "SELECT heartbeats FROM workers_v") == 20);
}

TEST_CASE("under constant load neither the journal nor the files grow without end") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  const std::unique_ptr<Store> store = Open(path);
  for (int i = 0; i < 100; ++i) Register(store->Begin(), NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(0));
  for (int round = 1; round <= 4000; ++round) {
    WriteTx& tx = store->Begin();
    for (int i = 0; i < 100; ++i) Beat(tx, absl::StrCat("w", i), At(round * 0.001));
    CommitAt(*store, At(round * 0.001));
    if (round % 2 == 0) store->Maintain(absl::Milliseconds(1));
    REQUIRE(std::filesystem::file_size(path) < 4 << 20);
    REQUIRE(std::filesystem::file_size(path + "-wal") < 32 << 20);
  }
  CHECK(Ask(path, "SELECT count(*) FROM journal") < 200);
}

TEST_CASE("heartbeats that are not folded fill the room for them, and a fold makes room again") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  const std::unique_ptr<Store> store = Open(path);
  constexpr int kWorkers = 100;
  for (int i = 0; i < kWorkers; ++i) Register(store->Begin(), NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(0));
  CHECK(store->Backlog() < 0.01);
  std::int64_t beats = 0;
  while (store->Backlog() < 1) {
    REQUIRE(beats < 2'000'000);
    WriteTx& tx = store->Begin();
    for (int i = 0; i < kWorkers; ++i) {
      const WorkerView view = Get(tx, absl::StrCat("w", i));
      for (int each = 0; each < 200; ++each) tx.RecordHeartbeat(view, At(1), std::nullopt);
    }
    beats += kWorkers * 200;
    CommitAt(*store, At(1));
  }
  CHECK(beats >= 1'000'000);
  while (store->Backlog() >= 0.01) store->Maintain(absl::Milliseconds(1));
  CHECK(Ask(path, "SELECT count(*) FROM journal") <= 2);
  CHECK(Ask(path, "SELECT sum(total) FROM pulses") == beats);
}

TEST_CASE("a step of maintenance deletes fewer rows of the journal where each has many heartbeats") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  const std::unique_ptr<Store> store = Open(path);
  Register(store->Begin(), NewWorker("a"));
  CommitAt(*store, At(0));
  constexpr int kRows = 50;
  const int beats = GENERATE(1, 20'000);
  for (int row = 1; row <= kRows; ++row) {
    WriteTx& tx = store->Begin();
    const WorkerView view = Get(tx, "a");
    for (int i = 0; i < beats; ++i) tx.RecordHeartbeat(view, At(row), std::nullopt);
    CommitAt(*store, At(row));
  }
  const std::string count = "SELECT count(*) FROM journal";
  std::int64_t most = 0;
  for (std::int64_t before = Ask(path, count), left = before; before > 2; before = left) {
    for (int tries = 0; left == before; ++tries) {
      REQUIRE(tries < 10);
      store->Maintain(absl::Milliseconds(1));
      left = Ask(path, count);
    }
    most = std::max(most, before - left);
  }
  if (beats == 1) {
    CHECK(most >= kRows - 1);
  } else {
    CHECK(most <= kRows / 3);
  }
}

TEST_CASE("the removal of a worker also removes its heartbeats that waited to be folded") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  const std::unique_ptr<Store> store = Open(path);
  Register(store->Begin(), NewWorker("a"));
  CommitAt(*store, At(0));
  for (int i = 1; i <= 5; ++i) {
    Beat(store->Begin(), "a", At(i));
    CommitAt(*store, At(i));
  }
  store->Begin().Remove(Get(store->Begin(), "a"));
  CommitAt(*store, At(6));
  SECTION("and nothing is left to fold") {
    store->Maintain(absl::InfiniteDuration());
    CHECK(Ask(path, "SELECT count(*) FROM journal") == 1);
    CHECK(Ask(path, "SELECT count(*) FROM pulses") == 0);
  }
  SECTION("and the next worker in its slot has only its own") {
    Register(store->Begin(), NewWorker("b"));
    Beat(store->Begin(), "b", At(7));
    CommitAt(*store, At(7));
    store->Maintain(absl::InfiniteDuration());
    CHECK(Ask(path, "SELECT total FROM pulses") == 1);
    CHECK(Ask(path, "SELECT length(recent) FROM pulses") == 0);  // the time of one heartbeat is in last_at
  }
}

TEST_CASE("the database keeps exactly as many events as it should") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  StoreOptions options;
  options.max_events = 10;
  const std::unique_ptr<Store> store = Open(path, options);
  const int events = GENERATE(9, 10, 11, 25);
  for (int i = 0; i < events; ++i) {
    Event event;
    event.type = EventType::kRegionHeld;
    event.region = "eu";
    store->Begin().Append(std::move(event));
    CommitAt(*store, At(i));
  }
  store->Maintain(absl::InfiniteDuration());
  CHECK(Ask(path, "SELECT count(*) FROM events") == std::min(events, 10));
  CHECK(Ask(path, "SELECT max(cursor) FROM events") == events);
}

TEST_CASE("damage is found and reported when the store opens") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  {
    const std::unique_ptr<Store> store = Open(path);
    Register(store->Begin(), NewWorker("a"));
    Beat(store->Begin(), "a", At(1));
    CommitAt(*store, At(1));
  }
  const auto [damage, message] = GENERATE(table<std::string, std::string>({
      {"UPDATE journal SET beats = x'0105'", "row 1 of the journal"},
      {"UPDATE journal SET beats = x''", "row 1 of the journal"},
      {"UPDATE workers SET metadata = '{\"rack\": 7}'", "the worker \"a\""},
      {"UPDATE workers SET capabilities = '[\"gpu'", "the worker \"a\""},
      {"DELETE FROM worker_states", "the worker \"a\""},
  }));
  Alter(path, damage);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path, StoreOptions(), TestRuntime());
  REQUIRE_FALSE(store.ok());
  INFO(store.status());
  CHECK(absl::IsDataLoss(store.status()));
  CHECK(absl::StrContains(std::string(store.status().message()), message));
}

TEST_CASE("the heartbeats of a removed worker are not those of its successor, before and after a restart") {
  const testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  {
    const std::unique_ptr<Store> store = Open(path);
    Register(store->Begin(), NewWorker("a"));
    for (int i = 1; i <= 5; ++i) Beat(store->Begin(), "a", At(i));
    CommitAt(*store, At(5));
    store->Begin().Remove(Get(store->Begin(), "a"));
    CommitAt(*store, At(6));
    Register(store->Begin(), NewWorker("a"));
    Beat(store->Begin(), "a", At(7));
    CommitAt(*store, At(7));
    CHECK(History(store->Reader(), "a").size() == 1);
    store->Maintain(absl::InfiniteDuration());
    CHECK(Ask(path, "SELECT length(recent) FROM pulses") == 0);  // the time of one heartbeat is in last_at
  }
  const std::unique_ptr<Store> store = Open(path);
  CHECK(Get(store->Reader(), "a").pulse.total == 1);
  CHECK(History(store->Reader(), "a").size() == 1);
  store->Maintain(absl::InfiniteDuration());
  CHECK(History(store->Reader(), "a").size() == 1);
}

TEST_CASE("histories read while the store folds are whole") {
  const testing::TempDirectory directory;
  StoreOptions options;
  options.history = 20;
  const std::unique_ptr<Store> store = Open(directory / "roll.db", options);
  constexpr int kWorkers = 8;
  for (int i = 0; i < kWorkers; ++i) Register(store->Begin(), NewWorker(absl::StrCat("w", i)));
  CommitAt(*store, At(0));
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937 random(static_cast<unsigned>(reader));
      std::int64_t newest[kWorkers] = {};
      while (!done) {
        const std::size_t worker = random() % kWorkers;
        const Result<std::vector<HeartbeatRecord>> records =
            store->Reader().Heartbeats(absl::StrCat("w", worker), INT64_MAX, 1000);
        bool whole = records.ok();
        for (std::size_t i = 0; whole && i < records->size(); ++i) {
          const HeartbeatRecord& record = (*records)[i];
          // The n-th heartbeat of each was at n seconds.
          whole = record.at == At(static_cast<double>(record.ordinal)).wall &&
                  (i == 0 || (*records)[i - 1].ordinal == record.ordinal + 1);
        }
        if (whole && !records->empty()) {
          const std::int64_t last = records->front().ordinal;
          whole = last >= newest[worker] &&
                  records->size() == static_cast<std::size_t>(std::min<std::int64_t>(last, 20));
          newest[worker] = last;
        }
        if (!whole) ++torn;
        ++reads;
      }
    });
  }
  for (int i = 1; i <= 300 || reads < 200; ++i) {
    WriteTx& tx = store->Begin();
    for (int worker = 0; worker < kWorkers; ++worker) Beat(tx, absl::StrCat("w", worker), At(i));
    CommitAt(*store, At(i));
    store->Maintain(i % 5 == 0 ? absl::InfiniteDuration() : absl::Milliseconds(1));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
}

TEST_CASE("a spec that names no store is refused, and the message says which specs are valid") {
  const auto refusal = [](const std::string& spec, StoreOptions options = {}) {
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenTestStore(spec, options);
    REQUIRE_FALSE(store.ok());
    return std::string(store.status().message());
  };
  for (const char* spec : {"", "sqlite:", "memory", "memory:x", "postgresql:db", "roll.db"}) {
    CHECK(absl::StrContains(refusal(spec), "\"memory:\", \"sqlite:PATH\" or \"postgresql://"));
  }
  StoreOptions options;
  options.history = 0;
  CHECK(absl::StrContains(refusal("memory:", options), "from 1 to 1000"));
  options.history = 1;
  options.max_events = 0;
  CHECK(absl::StrContains(refusal("memory:", options), "at least 1"));
}

}  // namespace
}  // namespace muster

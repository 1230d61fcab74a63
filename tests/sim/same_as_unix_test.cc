// SQLite on a disk in memory answers as it does on a real one: the same random steps on both, the same
// answers.
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "conformance/describe.h"
#include "tests/sim/disk_store.h"
#include "tests/store/fleet.h"

namespace muster::sim {
namespace {

namespace fs = std::filesystem;

constexpr int kConnections = 4;  // to one database; the last one only reads

/// Several connections to a database, by SQLite alone.
class Connections {
 public:
  Connections(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections() {
    for (sqlite3*& connection : open_) sqlite3_close(connection);
  }

  bool IsOpen(std::size_t which) const { return open_.at(which) != nullptr; }

  std::string OpenOrClose(std::size_t which) {
    sqlite3*& connection = open_.at(which);
    if (connection != nullptr) {
      const int code = sqlite3_close(connection);
      connection = nullptr;
      return absl::StrCat("closed: ", code);
    }
    const int access =
        which == kConnections - 1 ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(path_.c_str(), &connection, access | SQLITE_OPEN_EXRESCODE,
                                     vfs_.empty() ? nullptr : vfs_.c_str());
    if (code == SQLITE_OK) return "opened";
    sqlite3_close(connection);
    connection = nullptr;
    return absl::StrCat("not opened: ", code);
  }

  std::string Run(std::size_t which, const std::string& sql) {
    sqlite3* connection = open_.at(which);
    std::string rows;
    const auto add = [](void* to, int columns, char** values, char** /*names*/) {
      for (int i = 0; i < columns; ++i) {
        absl::StrAppend(static_cast<std::string*>(to), values[i] == nullptr ? "null" : values[i],
                        i + 1 < columns ? "," : "; ");
      }
      return 0;
    };
    const int code = sqlite3_exec(connection, sql.c_str(), add, &rows, nullptr);
    return absl::StrCat(rows, code, " ", sqlite3_errmsg(connection));
  }

 private:
  const std::string path_;
  const std::string vfs_;
  std::array<sqlite3*, kConnections> open_ = {};
};

std::string AnyStatement(Dice& dice, int step) {
  static constexpr const char* kStatements[] = {
      "BEGIN",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "COMMIT",
      "ROLLBACK",
      "SAVEPOINT s",
      "ROLLBACK TO s",
      "SELECT count(*), sum(k), sum(length(x)) FROM t",
      "SELECT count(*), sum(k), sum(length(x)) FROM t",
      "CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, x BLOB)",
      "DELETE FROM t WHERE k % 3 = 0",
      "UPDATE t SET x = zeroblob(5000) WHERE k % 5 = 0",
      "PRAGMA wal_checkpoint(PASSIVE)",
      "PRAGMA wal_checkpoint(FULL)",
      "PRAGMA wal_checkpoint(RESTART)",
      "PRAGMA wal_checkpoint(TRUNCATE)",
      "PRAGMA journal_mode = WAL",
      "PRAGMA journal_mode = WAL",
      "PRAGMA journal_mode = WAL",
      "PRAGMA journal_mode = DELETE",
      "PRAGMA journal_mode = TRUNCATE",
      "PRAGMA journal_mode = PERSIST",
      "PRAGMA journal_size_limit = 20000",
      "PRAGMA cache_size = 5",  // spills
      "PRAGMA integrity_check",
      "VACUUM",
  };
  if (dice.Below(3) == 0)
    return absl::StrCat("INSERT INTO t VALUES (", step, ", zeroblob(", dice.Below(20'000), "))");
  return kStatements[dice.Below(std::size(kStatements))];
}

std::string SizeOnUnix(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return error ? "none" : absl::StrCat(size);
}

std::string SizeOn(const Disk& disk, const std::string& path) {
  const std::optional<std::int64_t> size = disk.SizeOf(path);
  return size ? absl::StrCat(*size) : "none";
}

TEST_CASE("connections get the same answers and locks and leave the same files as on a real disk") {
  const std::uint64_t seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  Dice dice(seed);
  Disk disk(seed);
  const ManualClock clock;
  const DiskVfs vfs(disk, clock);
  const testing::TempDirectory directory;
  const std::string path = directory / "t.db";
  Connections in_memory(path, vfs.name());
  Connections real(path, "");
  for (int step = 0; step < 2000; ++step) {
    const std::size_t which = dice.Below(kConnections);
    const bool open_or_close = !in_memory.IsOpen(which) || dice.Below(40) == 0;
    const std::string sql = open_or_close ? "open or close" : AnyStatement(dice, step);
    // A connection that only reads cannot change it; how that is said differs between versions of SQLite.
    if (which == kConnections - 1 && sql.starts_with("PRAGMA journal_mode")) continue;
    INFO("seed " << seed << ", step " << step << ": connection " << which << ": " << sql);
    const std::string answer = open_or_close ? in_memory.OpenOrClose(which) : in_memory.Run(which, sql);
    REQUIRE(answer == (open_or_close ? real.OpenOrClose(which) : real.Run(which, sql)));
    for (const char* part : {"", "-wal", "-journal"}) {
      INFO("file" << part);
      REQUIRE(SizeOn(disk, path + part) == SizeOnUnix(path + part));
    }
  }
}

/// The store as DiskStore has it, on a real disk.
class RealStore {
 public:
  absl::Status Open() {
    absl::StatusOr<std::unique_ptr<Store>> opened =
        OpenSqliteStore(directory_ / "roll.db", options, StoreRuntime{clock_, random_, background});
    if (!opened.ok()) return opened.status();
    store_ = *std::move(opened);
    return absl::OkStatus();
  }
  absl::Status Restart() {
    store_.reset();
    return Open();
  }
  Store* operator->() const { return store_.get(); }
  Store& operator*() const { return *store_; }

 private:
  ManualClock clock_;
  DiceRandom random_{Dice(1)};
  testing::TempDirectory directory_;

 public:
  ManualExecutor background{clock_};
  StoreOptions options;

 private:
  std::unique_ptr<Store> store_;
};

// One step of a life; the dice decide alone, so that another store with the same dice makes the same step.
template <typename AnyStore>
std::string Live(AnyStore& store, Dice dice, double now) {
  const auto id = [&dice] { return absl::StrCat("w", dice.Below(300)); };
  const std::uint64_t what = dice.Below(20);
  if (what == 0) return store.Restart().ToString();
  if (what == 1) return absl::StrCat(store->Maintain(absl::InfiniteDuration()));
  if (what <= 3) return absl::StrCat(store->Maintain(absl::Microseconds(dice.Below(5000))));
  if (what == 4) {
    store.background.RunUntilIdle();
    return "";
  }
  if (what == 5)
    return testing::Describe(
        store->Reader().Events("", static_cast<std::int64_t>(dice.Below(500)), true, 50));
  if (what == 6) return testing::Describe(store->Reader().Heartbeats(id(), INT64_MAX, 100));
  if (what == 7)
    return testing::Describe(store->Reader().List({}, id(), 20)) +
           testing::Describe(store->Reader().Totals());
  WriteTx& tx = store->Begin();
  for (std::uint64_t i = dice.Below(100); i > 0; --i) {
    const std::string one = id();
    if (!Has(tx, one)) {
      Worker worker = NewWorker(one);
      worker.config.metadata["note"] = std::string(dice.Below(4000), 'x');
      Register(tx, std::move(worker));
    } else if (dice.Below(10) == 0) {
      tx.Remove(Get(tx, one));
    } else if (dice.Below(10) == 0) {
      MoveTo(tx, one, WorkerStatus::kActive);
    } else {
      Beat(tx, one, At(now));
    }
    if (dice.Below(10) == 0) {
      tx.Append({.type = EventType::kStatusChanged,
                 .at = At(now).wall,
                 .worker_id = one,
                 .region = "eu",
                 .revision = 1,
                 .from = {},
                 .to = {},
                 .reason = "dice",
                 .actor = "life"});
    }
  }
  const CommitResult result = store->Commit({At(now).listening, absl::Seconds(3)});
  return absl::StrCat(static_cast<int>(result.kind), " ", result.cursor, " ", result.reason);
}

TEST_CASE("the store gives the same answers as on a real disk") {
  DiskStore in_memory(1);
  RealStore real;
  in_memory.options = real.options = {.history = 20, .max_events = 200, .holder = "", .sqlite_vfs = ""};
  REQUIRE(in_memory.Open().ok());
  REQUIRE(real.Open().ok());
  for (int step = 0; step < 200; ++step) {
    const Dice dice(static_cast<std::uint64_t>(step));
    INFO("step " << step);
    REQUIRE(Live(in_memory, dice, step * 5.0) == Live(real, dice, step * 5.0));
  }
  CHECK(testing::Describe(in_memory->Reader().List({}, "", 1000)) ==
        testing::Describe(real->Reader().List({}, "", 1000)));
}

}  // namespace
}  // namespace muster::sim

// What SQLite on a disk in memory owes to a simulation: connections within the operations of others, the time
// of the simulation, and no traces of the dead.
#include "tests/sim/disk_vfs.h"

#include <memory>
#include <optional>
#include <string>

#include "catch.h"
#include "runtime/manual_clock.h"
#include "store/sqlite/database.h"
#include "tests/sim/disk.h"

namespace muster::sim {
namespace {

using sqlite::Access;
using sqlite::Database;

class Fixture {
 public:
  Fixture() : writer(Opened(Access::kReadWrite)) { Run(*writer, "CREATE TABLE t (x INTEGER)"); }

  std::optional<Database> Opened(Access access) {
    absl::StatusOr<Database> database = Database::Open({"/d/t.db", vfs.name()}, access);
    INFO(database.status());
    REQUIRE(database.ok());
    return *std::move(database);
  }
  static void Run(Database& database, const std::string& sql) {
    const absl::Status done = database.Execute(sql);
    INFO(done);
    REQUIRE(done.ok());
  }
  static std::int64_t Rows(Database& database) { return *database.QueryInt64("SELECT count(*) FROM t"); }
  std::int64_t RowsNow() {
    std::optional<Database> reader = Opened(Access::kReadOnly);
    return Rows(*reader);
  }

  Disk disk{1};
  ManualClock clock;
  DiskVfs vfs{disk, clock};
  std::optional<Database> writer;
};

TEST_CASE("others read, write and open the database in the middle of a checkpoint") {
  Fixture f;
  f.Run(*f.writer, "INSERT INTO t VALUES (1)");
  std::optional<Database> mover = f.Opened(Access::kMoveLog);
  CHECK(f.Rows(*mover) == 1);
  f.disk.faults.log_sync_takes = absl::Milliseconds(20);
  int stalls = 0;
  f.disk.stall = [&](absl::Duration) {
    ++stalls;
    f.disk.stall = nullptr;
    std::optional<Database> reader = f.Opened(Access::kReadOnly);
    CHECK(f.Rows(*reader) == 1);
    f.Run(*f.writer, "INSERT INTO t VALUES (2)");
    CHECK(f.Rows(*reader) == 2);
  };
  const absl::StatusOr<Database::Moved> moved = mover->Checkpoint();
  REQUIRE(moved.ok());
  CHECK(stalls == 1);
  CHECK(moved->moved == moved->in_log);
  CHECK(f.RowsNow() == 2);
}

TEST_CASE("a lock that is held is waited for in the time of the simulation") {
  Fixture f;
  std::optional<Database> other = f.Opened(Access::kReadWrite);
  REQUIRE(other->Begin().ok());
  absl::Duration waited;
  f.disk.stall = [&](absl::Duration time) {
    waited += time;
    if (waited > absl::Milliseconds(50)) other->Rollback();
  };
  f.Run(*f.writer, "INSERT INTO t VALUES (1)");
  CHECK(waited > absl::Milliseconds(50));

  REQUIRE(other->Begin().ok());
  waited = absl::ZeroDuration();
  f.disk.stall = [&](absl::Duration time) { waited += time; };
  CHECK(absl::IsAborted(f.writer->Execute("INSERT INTO t VALUES (1)")));
  CHECK(waited >= absl::Milliseconds(200));
}

TEST_CASE("the locks of a dead process are gone, and so is its share of the memory") {
  Fixture f;
  f.Run(*f.writer, "INSERT INTO t VALUES (1)");
  std::optional<Database> reader = f.Opened(Access::kReadOnly);
  f.Run(*reader, "BEGIN; SELECT * FROM t");
  f.Run(*f.writer, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
  f.disk.Kill();
  CHECK_FALSE(f.writer->Execute("COMMIT").ok());
  f.disk.Revive();
  std::optional<Database> next = f.Opened(Access::kReadWrite);
  CHECK(f.Rows(*next) == 1);
  f.Run(*next, "INSERT INTO t VALUES (3)");
  // Nothing of what is left of it does harm.
  CHECK_FALSE(f.writer->Execute("INSERT INTO t VALUES (4)").ok());
  CHECK_FALSE(reader->Execute("COMMIT; SELECT * FROM t").ok());
  f.writer.reset();
  reader.reset();
  f.Run(*next, "INSERT INTO t VALUES (5)");
  CHECK(f.RowsNow() == 3);
}

TEST_CASE("the time of SQLite is the clock's") {
  Fixture f;
  CHECK(*f.writer->QueryInt64("SELECT unixepoch()") == absl::ToUnixSeconds(f.clock.WallNow()));
  f.clock.Advance(absl::Hours(30));
  CHECK(*f.writer->QueryInt64("SELECT unixepoch()") == absl::ToUnixSeconds(f.clock.WallNow()));
}

TEST_CASE("the same seed and the same statements give the same bytes") {
  const auto bytes = [](std::uint64_t seed) {
    Disk disk(seed);
    const ManualClock clock;
    const DiskVfs vfs(disk, clock);
    absl::StatusOr<Database> database = Database::Open({"/d/t.db", vfs.name()}, Access::kReadWrite);
    REQUIRE(database.ok());
    REQUIRE(database->Execute("CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(100))").ok());
    return *disk.Read("/d/t.db") + *disk.Read("/d/t.db-wal");
  };
  CHECK(bytes(1) == bytes(1));
  CHECK(bytes(1) != bytes(2));
}

}  // namespace
}  // namespace muster::sim

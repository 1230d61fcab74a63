#include "store/sqlite/migrations.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::sqlite {
namespace {

using testing::TempDirectory;

const std::vector<Migration> kFirst = {{1, "0001_a.sql", "CREATE TABLE a (i INTEGER);"}};
const std::vector<Migration> kBoth = {
    kFirst[0], {2, "0002_b.sql", "CREATE TABLE b (i INTEGER); INSERT INTO b VALUES (1);"}};
const std::vector<Migration> kBroken = {kFirst[0],
                                        {2, "0002_b.sql", "CREATE TABLE b (i INTEGER); NONSENSE;"}};

Database Opened(const TempDirectory& directory) {
  absl::StatusOr<Database> database = Database::Open(directory / "roll.db", Access::kReadWrite);
  REQUIRE(database.ok());
  return *std::move(database);
}

TEST_CASE("migrations are applied once, in order, and recorded") {
  const TempDirectory directory;
  {
    Database database = Opened(directory);
    REQUIRE(Migrate(database, kFirst).ok());
    CHECK(*database.QueryInt64("PRAGMA user_version") == 1);
    REQUIRE(Migrate(database, kBoth).ok());
    REQUIRE(Migrate(database, kBoth).ok());
    CHECK(*database.QueryInt64("PRAGMA user_version") == 2);
    CHECK(*database.QueryInt64("PRAGMA application_id") == 0x4D555354);
    CHECK(*database.QueryInt64("SELECT count(*) FROM b") == 1);
    CHECK(*database.QueryInt64("SELECT count(*) FROM schema_migrations WHERE length(checksum) = 64") == 2);
  }
  CHECK(Inspect(directory / "roll.db", kBoth).ok());
  CHECK(Inspect(directory / "roll.db", kFirst).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("a migration that fails leaves the database at the version before it") {
  const TempDirectory directory;
  {
    Database database = Opened(directory);
    CHECK_FALSE(Migrate(database, kBroken).ok());
    CHECK(*database.QueryInt64("PRAGMA user_version") == 1);
    CHECK(*database.QueryInt64("SELECT count(*) FROM sqlite_schema WHERE name = 'b'") == 0);
  }
  CHECK(Inspect(directory / "roll.db", kBoth).ok());
  Database database = Opened(directory);
  CHECK(Migrate(database, kBoth).ok());
}

TEST_CASE("an altered migration is refused") {
  const TempDirectory directory;
  {
    Database database = Opened(directory);
    REQUIRE(Migrate(database, kBoth).ok());
  }
  std::vector<Migration> altered = kBoth;
  altered[0].sql = "CREATE TABLE a (i INTEGER) ;";
  CHECK(Inspect(directory / "roll.db", altered).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("the embedded migrations are numbered from 1 without gaps, and make a sound database") {
  int version = 0;
  for (const Migration& migration : EmbeddedMigrations()) {
    CHECK(migration.version == ++version);
    CHECK(migration.sql.size() > 10);
  }
  REQUIRE(version >= 1);

  const TempDirectory directory;
  absl::StatusOr<DatabaseFile> file = OpenDatabaseFile(directory / "roll.db", "test");
  REQUIRE(file.ok());
  absl::StatusOr<Statement> check = file->connection.Prepare("PRAGMA integrity_check");
  REQUIRE(check.ok());
  REQUIRE(*check->Step());
  CHECK(check->Text(0) == "ok");
}

TEST_CASE("the clock that an older program stored goes on, after a blind time of unknown length") {
  const TempDirectory directory;
  {
    Database database = Opened(directory);
    REQUIRE(Migrate(database, EmbeddedMigrations().first(1)).ok());
    REQUIRE(database
                .Execute("INSERT INTO roll (only, token_key, last_revision) VALUES (1, x'00', 7);"
                         "INSERT INTO journal (seq, at, listening, allowance_credit, beats)"
                         " VALUES (3, NULL, 123456789, 40000000, x'0100')")
                .ok());
  }
  const RealClock clock;
  RealRandom random;
  ManualExecutor background(clock);
  const absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore(directory / "roll.db", StoreOptions(), {clock, random, background});
  INFO(store.status());
  REQUIRE(store.ok());
  const std::optional<ProvenState> last = (*store)->LastListening();
  REQUIRE(last);
  CHECK(*last == ProvenState{ListeningTime::FromMicros(123456789), absl::Seconds(40)});
  CHECK(last->boot_id.empty());  // equal to no boot
}

TEST_CASE("the views show names and ISO times to the microsecond") {
  const TempDirectory directory;
  absl::StatusOr<DatabaseFile> file = OpenDatabaseFile(directory / "roll.db", "test");
  REQUIRE(file.ok());
  Database& database = file->connection;
  REQUIRE(database
              .Execute(
                  "INSERT INTO workers (key, id, region, capacity, capabilities, metadata, instance_id,"
                  " registered_from, previous_instance_id, registered_at, registered_at_listening,"
                  " heartbeats_before)"
                  " VALUES (1, 'worker-1', 'eu', 4, '[\"gpu\"]', '{}', 'i', '', '', 1700000000000042, 0, 0);"
                  "INSERT INTO worker_states (key, status, status_reason, status_changed_at, revision,"
                  " clone_reported) VALUES (1, 2, 'heard', 1700000000000042, 2, 0);"
                  "INSERT INTO events (cursor, type, at, worker_id, region, revision, from_status, to_status,"
                  " reason, actor) VALUES (1, 4, 1700000001000000, 'worker-1', 'eu', 2, 1, 2, '', "
                  "'job:activation')")
              .ok());
  absl::StatusOr<Statement> worker =
      database.Prepare("SELECT status, registered_at, last_heartbeat_at, heartbeats FROM workers_v");
  REQUIRE(worker.ok());
  REQUIRE(*worker->Step());
  CHECK(worker->Text(0) == "Active");
  CHECK(worker->Text(1) == "2023-11-14T22:13:20.000042Z");
  CHECK(worker->IsNull(2));
  CHECK(worker->Int64(3) == 0);

  absl::StatusOr<Statement> event = database.Prepare("SELECT at, type, \"from\", \"to\" FROM events_v");
  REQUIRE(event.ok());
  REQUIRE(*event->Step());
  CHECK(event->Text(0) == "2023-11-14T22:13:21.000000Z");
  CHECK(event->Text(1) == "status-changed");
  CHECK(event->Text(2) == "Pending");
  CHECK(event->Text(3) == "Active");
}

}  // namespace
}  // namespace muster::sqlite

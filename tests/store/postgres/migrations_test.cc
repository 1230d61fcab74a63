#include "store/postgres/migrations.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/postgres/scratch.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::ScratchSchema;

const std::vector<Migration> kFirst = {{1, "0001_a.sql", "CREATE TABLE a (i INTEGER);"}};
const std::vector<Migration> kBoth = {
    kFirst[0], {2, "0002_b.sql", "CREATE TABLE b (i INTEGER); INSERT INTO b VALUES (1);"}};
const std::vector<Migration> kBroken = {kFirst[0],
                                        {2, "0002_b.sql", "CREATE TABLE b (i INTEGER); NONSENSE;"}};

// The one integer that `sql` returns.
template <const Sql& sql>
std::int64_t Ask(Connection& connection) {
  const Reply<Rows> rows = connection.Run(sql, {}, kPatience);
  INFO((rows.ok() ? "" : rows.error().detail));
  REQUIRE(rows.ok());
  return rows->Int64(0, 0);
}

constexpr Sql kRecorded = {"recorded",
                           "SELECT count(*) FROM schema_migrations WHERE length(checksum) = 64"
                           " AND applied_at <= now()"};
constexpr Sql kRowsOfB = {"rows_of_b", "SELECT count(*) FROM b"};
constexpr Sql kTables = {
    "tables",
    "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace"};

TEST_CASE("migrations are applied once, in order, and recorded, in the schema of the search path") {
  const ScratchSchema schema;
  Connection connection = schema.Connect();
  REQUIRE(Migrate(connection, kFirst, kPatience).ok());
  CHECK(Ask<kRecorded>(connection) == 1);
  REQUIRE(Migrate(connection, kBoth, kPatience).ok());
  REQUIRE(Migrate(connection, kBoth, kPatience).ok());
  CHECK(Ask<kRecorded>(connection) == 2);
  CHECK(Ask<kRowsOfB>(connection) == 1);
  CHECK(Ask<kTables>(connection) == 3);
}

TEST_CASE("daemons that start together apply each migration once") {
  const ScratchSchema schema;
  std::vector<Migration> many = kBoth;
  std::vector<std::string> texts;
  texts.reserve(20);
  for (int version = 3; version <= 20; ++version) {
    texts.push_back(absl::StrCat("INSERT INTO b VALUES (", version, ")"));
    many.push_back({version, "more.sql", texts.back()});
  }
  std::vector<absl::Status> outcomes(4);
  std::vector<std::thread> threads;
  for (absl::Status& outcome : outcomes) {
    threads.emplace_back([&] {
      Connection connection = schema.Connect();
      outcome = Migrate(connection, many, kPatience);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& outcome : outcomes) {
    INFO(outcome.ToString());
    CHECK(outcome.ok());
  }
  Connection connection = schema.Connect();
  CHECK(Ask<kRecorded>(connection) == 20);
  CHECK(Ask<kRowsOfB>(connection) == 19);
}

TEST_CASE("a migration that fails leaves the database at the version before it") {
  const ScratchSchema schema;
  Connection connection = schema.Connect();
  const absl::Status failed = Migrate(connection, kBroken, kPatience);
  CHECK(failed.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(failed.message(), "NONSENSE"));
  CHECK(Ask<kRecorded>(connection) == 1);
  CHECK(Ask<kTables>(connection) == 2);
  CHECK(Migrate(connection, kBoth, kPatience).ok());
  CHECK(Ask<kRowsOfB>(connection) == 1);
}

TEST_CASE("a schema that is newer, altered or another program's is left alone") {
  const ScratchSchema schema;
  Connection connection = schema.Connect();
  SECTION("newer") {
    REQUIRE(Migrate(connection, kBoth, kPatience).ok());
    const absl::Status newer = Migrate(connection, kFirst, kPatience);
    CHECK(newer.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(absl::StrContains(newer.message(), "schema version 2; this program knows versions up to 1"));
    // Unless the schema says that this program may use it.
    REQUIRE(connection
                .Execute("CREATE TABLE schema_use (min_version INTEGER); INSERT INTO schema_use VALUES (1)",
                         kPatience)
                .ok());
    CHECK(Migrate(connection, kFirst, kPatience).ok());
    REQUIRE(connection.Execute("UPDATE schema_use SET min_version = 2", kPatience).ok());
    CHECK(Migrate(connection, kFirst, kPatience).code() == absl::StatusCode::kFailedPrecondition);
    CHECK(Migrate(connection, kBoth, kPatience).ok());
  }
  SECTION("altered") {
    REQUIRE(Migrate(connection, kFirst, kPatience).ok());
    std::vector<Migration> altered = kBoth;
    altered[0].sql = "CREATE TABLE a (i INTEGER) ;";
    CHECK(Migrate(connection, altered, kPatience).code() == absl::StatusCode::kFailedPrecondition);
    CHECK(Ask<kTables>(connection) == 2);
  }
  SECTION("another program's") {
    REQUIRE(
        connection.Execute("CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)", kPatience).ok());
    CHECK(Migrate(connection, kBoth, kPatience).code() == absl::StatusCode::kInvalidArgument);
    CHECK(Ask<kTables>(connection) == 1);
  }
}

TEST_CASE("the embedded migrations are numbered from 1 without gaps, and go through") {
  int version = 0;
  for (const Migration& migration : EmbeddedMigrations()) CHECK(migration.version == ++version);
  REQUIRE(version >= 1);
  const ScratchSchema schema;
  Connection connection = schema.Connect();
  const absl::Status applied = Migrate(connection, EmbeddedMigrations(), kPatience);
  INFO(applied.ToString());
  CHECK(applied.ok());
  CHECK(Ask<kRecorded>(connection) == version);
}

TEST_CASE("a search path without a schema gives a clear error") {
  const RealClock clock;
  Reply<Connection> connection =
      Connection::Open(testing::PostgresUrl() + "?options=-csearch_path%3Dno_such_schema", clock, kPatience);
  REQUIRE(connection.ok());
  const absl::Status nowhere = Migrate(*connection, kFirst, kPatience);
  CHECK(nowhere.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(nowhere.message(), "no schema has been selected"));
}

}  // namespace
}  // namespace muster::postgres

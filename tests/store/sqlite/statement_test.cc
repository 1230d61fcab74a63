#include "store/sqlite/statement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/sqlite/database.h"
#include "store/sqlite/failure.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::sqlite {
namespace {

Database OpenWith(const testing::TempDirectory& directory, const std::string& script) {
  absl::StatusOr<Database> database = Database::Open(directory / "test.db", Access::kReadWrite);
  REQUIRE(database.ok());
  REQUIRE(database->Execute(script).ok());
  return *std::move(database);
}

Statement Prepared(Database& database, std::string_view sql) {
  absl::StatusOr<Statement> statement = database.Prepare(sql);
  REQUIRE(statement.ok());
  return *std::move(statement);
}

TEST_CASE("values that are bound come back unchanged, for each type") {
  const testing::TempDirectory directory;
  Database database = OpenWith(directory, "CREATE TABLE t (i INTEGER, s TEXT, b BLOB, n INTEGER) STRICT");
  Statement insert = Prepared(database, "INSERT INTO t VALUES (?, ?, ?, ?)");
  const std::string bytes("a\0b", 3);
  REQUIRE(insert.Run(std::int64_t{1} << 62, std::string_view("é"), Blob{bytes}, std::optional<int>()).ok());
  REQUIRE(insert.Run(-7, std::string_view(), Blob{}, std::optional<int>(5)).ok());

  Statement select = Prepared(database, "SELECT i, s, b, n FROM t ORDER BY rowid");
  REQUIRE(*select.Step());
  CHECK(select.Int64(0) == std::int64_t{1} << 62);
  CHECK(select.Text(1) == "é");
  CHECK(select.Bytes(2) == bytes);
  CHECK(select.IsNull(3));
  REQUIRE(*select.Step());
  CHECK(select.Int32(0) == -7);
  CHECK_FALSE(select.IsNull(1));  // empty is not NULL
  CHECK(select.Text(1).empty());
  CHECK_FALSE(select.IsNull(2));
  CHECK(select.Int32(3) == 5);
  CHECK_FALSE(*select.Step());
}

TEST_CASE("a statement that failed can be used again") {
  const testing::TempDirectory directory;
  Database database = OpenWith(directory, "CREATE TABLE t (i INTEGER PRIMARY KEY) STRICT");
  Statement insert = Prepared(database, "INSERT INTO t VALUES (?)");
  REQUIRE(insert.Run(1).ok());
  CHECK_FALSE(insert.Run(1).ok());
  CHECK(insert.Run(2).ok());
  CHECK(*database.QueryInt64("SELECT count(*) FROM t") == 2);
}

TEST_CASE("a transaction that ends early changes nothing") {
  const testing::TempDirectory directory;
  Database database = OpenWith(directory, "CREATE TABLE t (i INTEGER)");
  {
    Transaction transaction(database);
    REQUIRE(transaction.Begin().ok());
    REQUIRE(database.Execute("INSERT INTO t VALUES (1)").ok());
  }
  CHECK(*database.QueryInt64("SELECT count(*) FROM t") == 0);
  {
    Transaction transaction(database);
    REQUIRE(transaction.Begin().ok());
    REQUIRE(database.Execute("INSERT INTO t VALUES (1)").ok());
    REQUIRE(transaction.Commit().ok());
  }
  CHECK(*database.QueryInt64("SELECT count(*) FROM t") == 1);
}

TEST_CASE("every connection commits durably and enforces foreign keys") {
  const testing::TempDirectory directory;
  Database database = OpenWith(directory, "");
  CHECK(*database.QueryInt64("PRAGMA synchronous") == 2);  // FULL
  CHECK(*database.QueryInt64("PRAGMA foreign_keys") == 1);
  Statement mode = Prepared(database, "PRAGMA journal_mode");
  REQUIRE(*mode.Step());
  CHECK(mode.Text(0) == "wal");
}

TEST_CASE("a reader reads beside the writer and cannot write") {
  const testing::TempDirectory directory;
  Database writer = OpenWith(directory, "CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1)");
  absl::StatusOr<Database> reader = Database::Open(directory / "test.db", Access::kReadOnly);
  REQUIRE(reader.ok());
  REQUIRE(writer.Begin().ok());
  REQUIRE(writer.Execute("INSERT INTO t VALUES (2)").ok());
  CHECK(*reader->QueryInt64("SELECT count(*) FROM t") == 1);
  REQUIRE(writer.Commit().ok());
  CHECK(*reader->QueryInt64("SELECT count(*) FROM t") == 2);
  CHECK(reader->Execute("INSERT INTO t VALUES (3)").code() == absl::StatusCode::kPermissionDenied);
}

TEST_CASE("a full database has its own error, and works again when there is room") {
  const testing::TempDirectory directory;
  Database database = OpenWith(directory, "CREATE TABLE t (b BLOB); PRAGMA max_page_count = 10");
  const absl::Status full = database.Execute("INSERT INTO t VALUES (zeroblob(100000))");
  CHECK(full.code() == absl::StatusCode::kResourceExhausted);
  CHECK(std::string(full.message()).find("zeroblob") != std::string::npos);
  CHECK(std::string(full.message()).find(directory.path()) != std::string::npos);

  const std::string told = WhyUnavailable(full).reason;
  CHECK(told == "the disk of the store is full");

  REQUIRE(database.Execute("PRAGMA max_page_count = 1000").ok());
  CHECK(database.Execute("INSERT INTO t VALUES (zeroblob(100000))").ok());
}

TEST_CASE("callers get a different reason for every kind of failure, without path or statement") {
  std::vector<std::string> reasons;
  for (const absl::StatusCode code :
       {absl::StatusCode::kResourceExhausted, absl::StatusCode::kUnavailable, absl::StatusCode::kDataLoss,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kAborted, absl::StatusCode::kInternal}) {
    reasons.push_back(WhyUnavailable(absl::Status(code, "/var/lib/muster.db: SELECT 1")).reason);
    CHECK(reasons.back().find("muster.db") == std::string::npos);
    CHECK(reasons.back().find("SELECT") == std::string::npos);
  }
  std::sort(reasons.begin(), reasons.end());
  CHECK(std::unique(reasons.begin(), reasons.end()) == reasons.end());
}

}  // namespace
}  // namespace muster::sqlite

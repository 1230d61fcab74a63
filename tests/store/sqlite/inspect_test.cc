// A file that is not ours, or not ours any more, is refused. It is left as it was, byte for byte, with
// nothing next to it.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/migrations.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::sqlite {
namespace {

using testing::TempDirectory;

// Everything that is in a directory, byte for byte.
std::map<std::string, std::string> BytesOf(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

// Leaves a closed database.
void Make(const std::string& path, const std::string& script) {
  absl::StatusOr<Database> database = Database::Open(path, Access::kReadWrite);
  REQUIRE(database.ok());
  REQUIRE(database->Execute(script).ok());
}

void MakeOurs(const std::string& path, const std::string& then = "") {
  absl::StatusOr<DatabaseFile> file = OpenDatabaseFile(path, "test");
  REQUIRE(file.ok());
  REQUIRE(file->connection.Execute(then).ok());
}

void CheckRefused(const TempDirectory& directory, absl::StatusCode code, const std::string& words) {
  const auto before = BytesOf(directory.path());
  const absl::Status refused = OpenDatabaseFile(directory / "roll.db", "test").status();
  INFO(refused);
  CHECK(refused.code() == code);
  CHECK(absl::StrContains(std::string(refused.message()), words));
  CHECK((absl::StrContains(std::string(refused.message()), "left as it is") ||
         absl::StrContains(std::string(refused.message()), "left as it was")));
  CHECK(BytesOf(directory.path()) == before);
}

TEST_CASE("a database of a newer version is refused and not touched") {
  const TempDirectory directory;
  MakeOurs(directory / "roll.db", "PRAGMA user_version = 1000; DROP TABLE schema_migrations");
  CheckRefused(directory, absl::StatusCode::kFailedPrecondition, "schema version 1000");
}

TEST_CASE("a newer version that is so far only in the log is refused too") {
  const TempDirectory directory;
  MakeOurs(directory / "made.db");
  {
    // A copy of file and log while they are open is what a crash leaves behind.
    absl::StatusOr<Database> newer = Database::Open(directory / "made.db", Access::kReadWrite);
    REQUIRE(newer.ok());
    REQUIRE(newer->Execute("PRAGMA user_version = 1000").ok());
    std::filesystem::copy(directory / "made.db", directory / "roll.db");
    std::filesystem::copy(directory / "made.db-wal", directory / "roll.db-wal");
  }
  const auto before = BytesOf(directory.path());
  const absl::Status refused = OpenDatabaseFile(directory / "roll.db", "test").status();
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(std::string(refused.message()), "schema version 1000"));
  auto after = BytesOf(directory.path());
  CHECK(after.at("roll.db") == before.at("roll.db"));
  CHECK(after.at("roll.db-wal") == before.at("roll.db-wal"));
}

TEST_CASE("a record that differs from what was released is refused") {
  const TempDirectory directory;
  SECTION("another checksum") {
    MakeOurs(directory / "roll.db", "UPDATE schema_migrations SET checksum = 'f00' WHERE version = 1");
  }
  SECTION("a migration is missing") {
    MakeOurs(directory / "roll.db",
             "DELETE FROM schema_migrations WHERE version = 1;"
             "INSERT INTO schema_migrations VALUES (0, 'x', 'y', 0)");
  }
  CheckRefused(directory, absl::StatusCode::kFailedPrecondition, "not the one in this program");
}

TEST_CASE("the database of another program is refused") {
  const TempDirectory directory;
  SECTION("by its tables") {
    Make(directory / "roll.db", "CREATE TABLE notes (body TEXT)");
  }
  SECTION("even if it records its migrations like Muster") {
    Make(directory / "roll.db", "CREATE TABLE schema_migrations (version TEXT)");
  }
  SECTION("by its application id") {
    Make(directory / "roll.db", "PRAGMA application_id = 7");
  }
  SECTION("in rollback mode") {
    Make(directory / "roll.db", "PRAGMA journal_mode = DELETE; CREATE TABLE notes (body TEXT)");
  }
  CheckRefused(directory, absl::StatusCode::kInvalidArgument, "another program");
}

TEST_CASE("a file that is no database is refused") {
  const TempDirectory directory;
  SECTION("text") {
    std::ofstream(directory / "roll.db") << "listen: 127.0.0.1:50051\n";
  }
  SECTION("long text") {
    std::ofstream(directory / "roll.db") << std::string(100'000, 'x');
  }
  SECTION("one byte") {
    std::ofstream(directory / "roll.db") << '\0';
  }
  CheckRefused(directory, absl::StatusCode::kInvalidArgument, "not a SQLite database");
}

TEST_CASE("a damaged database of ours is called damaged") {
  const TempDirectory directory;
  MakeOurs(directory / "roll.db");
  {
    std::fstream file(directory / "roll.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(200, 'x');
  }
  CheckRefused(directory, absl::StatusCode::kDataLoss, "is damaged");
}

TEST_CASE("a new database is accepted") {
  const TempDirectory directory;
  SECTION("no file") {}
  SECTION("an empty file") {
    const std::ofstream made(directory / "roll.db");
  }
  SECTION("a database without anything in it") {
    Make(directory / "roll.db", "VACUUM");
  }
  CHECK(OpenDatabaseFile(directory / "roll.db", "test").status() == absl::OkStatus());
  CHECK(OpenDatabaseFile(directory / "roll.db", "test").status() == absl::OkStatus());
}

TEST_CASE("unusual file names work") {
  const TempDirectory directory;
  for (const char* name : {"a?b#c%20.db", "file:x.db", ":memory:", "with space.db"}) {
    INFO(name);
    MakeOurs(directory / name, "PRAGMA user_version = 1000");
    CHECK(std::filesystem::exists(directory / name));
    CHECK(OpenDatabaseFile(directory / name, "test").status().code() ==
          absl::StatusCode::kFailedPrecondition);
  }
}

TEST_CASE("a second opener is refused before it inspects the file") {
  const TempDirectory directory;
  const absl::StatusOr<DatabaseFile> first = OpenDatabaseFile(directory / "roll.db", "musterd 127.0.0.1:1");
  REQUIRE(first.ok());
  const absl::Status second = OpenDatabaseFile(directory / "roll.db", "musterd 127.0.0.1:2").status();
  CHECK(second.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(std::string(second.message()), "musterd 127.0.0.1:1"));
}

TEST_CASE("a closed database is one file") {
  const TempDirectory directory;
  MakeOurs(directory / "roll.db");
  CHECK(BytesOf(directory.path()).size() == 1);
}

}  // namespace
}  // namespace muster::sqlite

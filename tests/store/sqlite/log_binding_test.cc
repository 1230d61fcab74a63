// A start takes a log over only if it belongs to the database, and if nobody else has it open. What is
// refused is left as it was.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/sqlite/database_file.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::TempDirectory;

std::string BytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Put(const std::string& from, const std::string& to) {
  fs::copy(from, to, fs::copy_options::overwrite_existing);
}

// One more transaction, of a few pages.
void Write(DatabaseFile& file, int number) {
  REQUIRE(file.connection.Begin().ok());
  REQUIRE(
      file.connection
          .Execute(absl::StrCat("INSERT INTO journal (seq, at, listening, allowance_credit, beats) VALUES (",
                                number, ", 0, 0, 0, zeroblob(9000))"))
          .ok());
  REQUIRE(file.connection.Commit().ok());
}

std::int64_t RowsIn(DatabaseFile& file) {
  return *file.connection.QueryInt64("SELECT count(*) FROM journal");
}

absl::StatusOr<DatabaseFile> Opened(const std::string& path) {
  return OpenDatabaseFile(path, "test");
}

// What a crash leaves: a copy of database and log while they are open.
void CopyBoth(const std::string& from, const std::string& to) {
  Put(from, to);
  Put(from + "-wal", to + "-wal");
}

void CheckRefused(const std::string& path, const std::string& words) {
  const std::string database = BytesOf(path);
  const std::string log = BytesOf(path + "-wal");
  const absl::Status refused = Opened(path).status();
  INFO(refused);
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(std::string(refused.message()), words));
  CHECK(BytesOf(path) == database);
  CHECK(BytesOf(path + "-wal") == log);
}

TEST_CASE("a log that an unclean end left is taken over, again and again") {
  const TempDirectory directory;
  std::string path = directory / "0.db";
  for (int life = 1; life <= 4; ++life) {
    absl::StatusOr<DatabaseFile> file = Opened(path);
    INFO(file.status());
    REQUIRE(file.ok());
    REQUIRE(RowsIn(*file) == 3 * (life - 1));
    for (int i = 0; i < 3; ++i) {
      Write(*file, 3 * life + i);
      if (i < life % 3) REQUIRE(file->connection.Checkpoint().ok());
    }
    path = directory / absl::StrCat(life, ".db");
    CopyBoth(absl::StrCat(directory / absl::StrCat(life - 1, ".db")), path);
  }
}

TEST_CASE("the log of another database is refused") {
  const TempDirectory directory;
  absl::StatusOr<DatabaseFile> a = Opened(directory / "a.db");
  absl::StatusOr<DatabaseFile> b = Opened(directory / "b.db");
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  const bool moved = GENERATE(false, true);
  if (moved) {
    REQUIRE(a->connection.Checkpoint().ok());
    REQUIRE(b->connection.Checkpoint().ok());
  }
  Write(*a, 1);
  Write(*b, 1);
  Put(directory / "a.db", directory / "roll.db");
  Put(directory / "b.db-wal", directory / "roll.db-wal");
  CheckRefused(directory / "roll.db", moved ? "do not belong together" : "");
}

TEST_CASE("an old log of the same database is refused") {
  const TempDirectory directory;
  const std::string old = directory / "old-wal";
  {
    absl::StatusOr<DatabaseFile> file = Opened(directory / "roll.db");
    REQUIRE(file.ok());
    Write(*file, 1);
    REQUIRE(file->connection.Checkpoint().ok());
    Write(*file, 2);
    Put(directory / "roll.db-wal", old);
    Write(*file, 3);
    REQUIRE(file->connection.CheckpointAll().ok());
    Write(*file, 4);
    REQUIRE(file->connection.CheckpointAll().ok());
  }
  Put(old, directory / "roll.db-wal");
  CheckRefused(directory / "roll.db", "do not belong together");
}

TEST_CASE("a log without its database is refused, not deleted") {
  const TempDirectory directory;
  {
    absl::StatusOr<DatabaseFile> file = Opened(directory / "made.db");
    REQUIRE(file.ok());
    Write(*file, 1);
    CopyBoth(directory / "made.db", directory / "roll.db");
  }
  fs::remove(directory / "roll.db");
  CheckRefused(directory / "roll.db", "missing or empty");
  CHECK_FALSE(fs::exists(directory / "roll.db"));
}

TEST_CASE("after an unclean end, a database that another process has open is not taken over") {
  const TempDirectory directory;
  {
    absl::StatusOr<DatabaseFile> file = Opened(directory / "made.db");
    REQUIRE(file.ok());
    Write(*file, 1);
    CopyBoth(directory / "made.db", directory / "roll.db");
    Put(directory / "made.db-shm", directory / "roll.db-shm");
  }
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const std::string index = directory / "roll.db-shm";
  const pid_t child = ::fork();
  if (child == 0) {  // holds the index as every connection of SQLite does
    const int descriptor = ::open(index.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock = {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 128;
    lock.l_len = 1;
    const char done = ::fcntl(descriptor, F_SETLK, &lock) == 0 ? 'y' : 'n';
    if (::write(ready[1], &done, 1) == 1) ::pause();
    ::_exit(0);
  }
  char done = 0;
  REQUIRE(::read(ready[0], &done, 1) == 1);
  const absl::Status refused = Opened(directory / "roll.db").status();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  REQUIRE(done == 'y');
  CHECK(absl::IsAborted(refused));
  CHECK(absl::StrContains(std::string(refused.message()), absl::StrCat("process ", child)));
  CHECK(Opened(directory / "roll.db").ok());
}

TEST_CASE("all new files are their owner's alone") {
  const TempDirectory directory;
  absl::StatusOr<DatabaseFile> file = Opened(directory / "roll.db");
  REQUIRE(file.ok());
  for (const char* part : {"", "-wal", "-shm", "-lock"}) {
    struct stat found = {};
    REQUIRE(::stat((directory / absl::StrCat("roll.db", part)).c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
  }
}

}  // namespace
}  // namespace muster::sqlite

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/sqlite/database_file.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::sqlite {
namespace {

namespace fs = std::filesystem;

FileLock Acquired(const std::string& database) {
  absl::StatusOr<FileLock> lock = FileLock::Acquire(database, "musterd 127.0.0.1:50051");
  REQUIRE(lock.ok());
  return *std::move(lock);
}

TEST_CASE("a process that comes second is told the holder of the lock") {
  const testing::TempDirectory directory;
  const FileLock lock = Acquired(directory / "roll.db");
  const absl::StatusOr<FileLock> second = FileLock::Acquire(directory / "roll.db", "another");
  REQUIRE(second.status().code() == absl::StatusCode::kFailedPrecondition);
  const std::string message(second.status().message());
  CHECK(absl::StrContains(message, "roll.db is in use by musterd 127.0.0.1:50051"));
  CHECK(absl::StrContains(message, absl::StrCat("pid ", ::getpid())));
  CHECK(absl::StrContains(message, "since 20"));
}

TEST_CASE("a lock that was released can be taken, and leaves no file") {
  const testing::TempDirectory directory;
  { const FileLock lock = Acquired(directory / "roll.db"); }
  CHECK(fs::is_empty(directory.path()));
  const FileLock again = Acquired(directory / "roll.db");
}

TEST_CASE("a move of the lock does not release it") {
  const testing::TempDirectory directory;
  FileLock lock = Acquired(directory / "roll.db");
  const FileLock moved = std::move(lock);
  CHECK_FALSE(FileLock::Acquire(directory / "roll.db", "another").ok());
}

TEST_CASE("the lock file of a killed process locks nothing") {
  const testing::TempDirectory directory;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const absl::StatusOr<FileLock> lock = FileLock::Acquire(directory / "roll.db", "the dead");
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  const absl::Status held = FileLock::Acquire(directory / "roll.db", "another").status();
  CHECK(absl::StrContains(std::string(held.message()), absl::StrCat("the dead (pid ", child)));

  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(fs::exists(directory / "roll.db-lock"));
  const FileLock lock = Acquired(directory / "roll.db");
  CHECK_FALSE(FileLock::Acquire(directory / "roll.db", "another").ok());
}

TEST_CASE("all paths to a database are one path") {
  const testing::TempDirectory directory;
  fs::create_directory(directory / "real");
  const std::string real = fs::canonical(directory.path()).string() + "/real/roll.db";
  fs::create_directory_symlink(directory / "real", directory / "linked");
  fs::create_symlink("real/roll.db", directory / "roll.db");
  fs::create_symlink(directory / "roll.db", directory / "twice.db");

  for (const bool exists : {false, true}) {
    INFO("exists: " << exists);
    if (exists) std::ofstream(real).put('x');
    for (const char* path :
         {"real/roll.db", "real/../real/./roll.db", "linked/roll.db", "roll.db", "twice.db"}) {
      INFO(path);
      const absl::StatusOr<std::string> resolved = ResolveDatabasePath(directory / path);
      REQUIRE(resolved.ok());
      CHECK(*resolved == real);
    }
  }
}

TEST_CASE("a path that cannot be a database is refused, and the message says what to do") {
  const testing::TempDirectory directory;
  CHECK(ResolveDatabasePath("").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ResolveDatabasePath(directory.path()).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ResolveDatabasePath(directory / "").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ResolveDatabasePath("/dev/null").status().code() == absl::StatusCode::kInvalidArgument);

  const absl::Status missing = ResolveDatabasePath(directory / "no/roll.db").status();
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(absl::StrContains(std::string(missing.message()), "Create it"));

  fs::create_symlink("b", directory / "a");
  fs::create_symlink("a", directory / "b");
  CHECK_FALSE(ResolveDatabasePath(directory / "a").ok());
}

TEST_CASE("a database with two hard links is refused under both names") {
  const testing::TempDirectory directory;
  std::ofstream(directory / "roll.db").put('x');
  fs::create_hard_link(directory / "roll.db", directory / "other.db");
  for (const char* name : {"roll.db", "other.db"}) {
    const absl::Status refused = ResolveDatabasePath(directory / name).status();
    CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(absl::StrContains(std::string(refused.message()), "hard links"));
  }
}

}  // namespace
}  // namespace muster::sqlite

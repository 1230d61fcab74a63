// The log is moved into the database beside the writer, and begins anew. What was in it is kept.
#include "store/sqlite/checkpoints.h"

#include <memory>
#include <string>
#include <thread>

#include "catch.h"
#include "store/temp_directory.h"
#include "tests/store/test_runtime.h"

namespace muster::sqlite {
namespace {

class Fixture {
 public:
  Fixture() : path(directory / "log.db"), writer(Opened(Access::kReadWrite)) {
    REQUIRE(writer.Execute("CREATE TABLE t (x BLOB)").ok());
    absl::StatusOr<std::unique_ptr<Checkpoints>> started =
        Checkpoints::Start(writer, path, TestRuntime().background);
    REQUIRE(started.ok());
    checkpoints = *std::move(started);
  }

  Database Opened(Access access) {
    absl::StatusOr<Database> database = Database::Open(path, access);
    REQUIRE(database.ok());
    return *std::move(database);
  }
  void Write() {
    REQUIRE(writer.Execute("INSERT INTO t SELECT randomblob(100000)").ok());
    ++written;
  }
  // Makes steps, as the writer would, until there is nothing to do for the moment.
  void StepUntilDone() {
    while (!checkpoints->IsDue()) std::this_thread::yield();
    REQUIRE(checkpoints->Step().ok());
  }

  testing::TempDirectory directory;
  std::string path;
  Database writer;
  std::unique_ptr<Checkpoints> checkpoints;
  int written = 0;
};

TEST_CASE("a log that has become long begins anew, and nothing of it is lost") {
  Fixture f;
  for (int i = 0; i < 20; ++i) f.Write();
  CHECK_FALSE(f.checkpoints->IsDue());  // not long yet
  while (!f.checkpoints->IsDue()) f.Write();
  const std::int64_t longest = f.writer.log_pages();
  REQUIRE(f.checkpoints->Step().ok());  // starts the lap in the background
  f.Write();                            // beside it
  f.StepUntilDone();
  CHECK_FALSE(f.checkpoints->CatchesUp());
  f.Write();
  CHECK(f.writer.log_restarts() == 1);
  CHECK(f.writer.log_pages() < longest / 10);
  CHECK(*f.Opened(Access::kReadOnly).QueryInt64("SELECT count(*) FROM t") == f.written);
}

TEST_CASE("a log that a reader still needs is kept, and moved when the reader is gone") {
  Fixture f;
  {
    Database reader = f.Opened(Access::kReadOnly);
    REQUIRE(reader.Execute("BEGIN").ok());
    CHECK(*reader.QueryInt64("SELECT count(*) FROM t") == 0);
    while (!f.checkpoints->IsDue()) f.Write();
    REQUIRE(f.checkpoints->Step().ok());
    f.StepUntilDone();
    CHECK_FALSE(f.checkpoints->IsDue());  // to try again at once would not help
    f.Write();
    CHECK(f.writer.log_restarts() == 0);
    CHECK(*reader.QueryInt64("SELECT count(*) FROM t") == 0);
  }
  REQUIRE(f.checkpoints->Finish().ok());
  f.Write();
  CHECK(f.writer.log_restarts() == 1);
  CHECK(*f.writer.QueryInt64("SELECT count(*) FROM t") == f.written);
}

TEST_CASE("commits wait for the disk, unless this is switched off, and wait again when it is switched on") {
  Fixture f;
  CHECK(*f.writer.QueryInt64("PRAGMA synchronous") == 2);
  REQUIRE(f.writer.SyncCommits(false).ok());
  CHECK(*f.writer.QueryInt64("PRAGMA synchronous") == 1);
  f.Write();
  REQUIRE(f.writer.SyncCommits(true).ok());
  CHECK(*f.writer.QueryInt64("PRAGMA synchronous") == 2);
}

}  // namespace
}  // namespace muster::sqlite

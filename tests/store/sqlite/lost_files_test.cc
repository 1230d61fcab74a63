// A store on a real disk, whose files are taken away from under it: it stops writing, and says why, before it
// acknowledges anything that would be lost.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "runtime/executor.h"
#include "runtime/health_metrics.h"
#include "runtime/log.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "store/fleet.h"
#include "store/sqlite/sqlite_store.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

class Fixture {
 public:
  Fixture() {
    ConfigureLog(LogFormat::kText, LogLevel::kError);
    Open();
    CommitNext();
  }
  void Open() {
    absl::StatusOr<std::unique_ptr<Store>> opened =
        OpenSqliteStore(path, {}, StoreRuntime{clock, random, background, [this] { ++failed_syncs; }});
    INFO(opened.status());
    REQUIRE(opened.ok());
    store = *std::move(opened);
  }
  CommitResult Next() {
    Register(store->Begin(), NewWorker("w" + std::to_string(++number)));
    return store->Commit(ProvenState{At(number).listening, absl::Seconds(3)});
  }
  void CommitNext() { REQUIRE(Next().committed()); }
  void LookAtPaths() {
    clock.Advance(absl::Seconds(1));
    background.RunUntilIdle();
  }

  testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  ManualClock clock;
  RealRandom random;
  ManualExecutor background{clock};
  int failed_syncs = 0;
  int number = 0;
  std::unique_ptr<Store> store;
};

TEST_CASE("a commit into a file that was removed or replaced is not acknowledged") {
  Fixture f;
  const std::string part = GENERATE("", "-wal");
  const bool replaced = GENERATE(false, true);
  if (replaced) {
    fs::copy(f.path + part, f.path + ".new");
    fs::rename(f.path + ".new", f.path + part);
  } else {
    fs::remove(f.path + part);
  }
  CHECK(f.Next().kind == CommitResult::Kind::kInDoubt);
  CHECK(f.Next().kind == CommitResult::Kind::kFailed);
  CHECK(f.store->StoppedBecause() ==
        "a file of the store was removed, replaced or cut off; see the daemon's log");
  CHECK(f.failed_syncs == 0);
}

TEST_CASE("a store whose path leads elsewhere stops within a second") {
  Fixture f;
  const std::string part = GENERATE("", "-wal", "-shm", "-lock");
  const bool moved = GENERATE(false, true);
  f.LookAtPaths();
  REQUIRE(f.store->StoppedBecause() == "");
  moved ? fs::rename(f.path + part, f.path + ".moved") : static_cast<void>(fs::remove(f.path + part));
  f.LookAtPaths();
  CHECK(f.store->StoppedBecause() != "");
  CHECK(f.Next().kind == CommitResult::Kind::kFailed);
}

TEST_CASE("a store whose directory is moved stops within a second") {
  Fixture f;
  const std::string elsewhere = f.directory.path() + ".moved";
  fs::rename(f.directory.path(), elsewhere);
  f.LookAtPaths();
  CHECK(f.store->StoppedBecause() != "");
  fs::rename(elsewhere, f.directory.path());
}

TEST_CASE("a log that was cut off is not written any more") {
  Fixture f;
  const std::uintmax_t size = fs::file_size(f.path + "-wal");
  fs::resize_file(f.path + "-wal", GENERATE(0, 1) == 0 ? 0 : size / 2);
  CHECK(f.Next().kind == CommitResult::Kind::kFailed);
  CHECK(f.store->StoppedBecause() != "");
}

TEST_CASE("what was moved away and is back has everything that was acknowledged") {
  Fixture f;
  fs::rename(f.path, f.path + ".moved");
  f.LookAtPaths();
  REQUIRE(f.store->StoppedBecause() != "");
  f.store.reset();
  fs::rename(f.path + ".moved", f.path);
  f.Open();
  CHECK(Has(f.store->Reader(), "w1"));
  f.CommitNext();
}

TEST_CASE("a checkpoint, a stop and a start in order are no loss of files") {
  Fixture f;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) f.CommitNext();
    f.store->Maintain(absl::InfiniteDuration());
    f.LookAtPaths();
    CHECK(f.store->StoppedBecause() == "");
    f.store.reset();
    CHECK_FALSE(fs::exists(f.path + "-wal"));
    f.Open();
  }
}

TEST_CASE("the size of the write-ahead log is a figure") {
  Fixture f;
  f.LookAtPaths();
  const std::int64_t before = database_log_bytes.value();
  CHECK(before == static_cast<std::int64_t>(fs::file_size(f.path + "-wal")));
  for (int i = 0; i < 100; ++i) f.CommitNext();
  f.LookAtPaths();
  CHECK(database_log_bytes.value() > before);
  CHECK(database_log_bytes.value() == static_cast<std::int64_t>(fs::file_size(f.path + "-wal")));
}

}  // namespace
}  // namespace muster

// What a commit says when the disk fails under it: either nothing happened, or the outcome is unknown. And no
// commit is acknowledged without a sync.
#include <cerrno>
#include <filesystem>

#include "catch.h"
#include "store/sqlite/sqlite_store.h"
#include "store/temp_directory.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/fleet.h"
#include "tests/store/test_runtime.h"

namespace muster {
namespace {

class Fixture {
 public:
  Fixture() : store(Open(path, disk.name())) {
    Register(store->Begin(), NewWorker("a"));
    CommitAt(*store, At(1));
  }

  static std::unique_ptr<Store> Open(const std::string& path, const std::string& vfs) {
    StoreOptions options;
    options.sqlite_vfs = vfs;
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenSqliteStore(path, options, TestRuntime());
    INFO(opened.status());
    REQUIRE(opened.ok());
    return *std::move(opened);
  }
  CommitResult CommitOf(const std::string& id, double at) {
    Register(store->Begin(), NewWorker(id));
    return store->Commit(ListeningState{At(at).listening, absl::Seconds(3)});
  }
  /// What a kill -9 at this moment would leave, opened again.
  std::unique_ptr<Store> AfterACrash() {
    const std::string copy = directory / "crashed.db";
    for (const char* part : {"", "-wal"}) {
      std::filesystem::copy_file(path + part, copy + part, std::filesystem::copy_options::overwrite_existing);
    }
    return Open(copy, "");
  }

  testing::FaultVfs disk;
  testing::TempDirectory directory;
  const std::string path = directory / "roll.db";
  std::unique_ptr<Store> store;
};

TEST_CASE("a commit whose sync failed is in doubt: a crash may bring it back, and no reader saw it before") {
  Fixture f;
  f.disk.error = GENERATE(EIO, ENOSPC, EDQUOT);
  f.disk.fail_syncs = 1;
  const CommitResult result = f.CommitOf("b", 2);
  CHECK(result.kind == CommitResult::Kind::kInDoubt);
  CHECK(std::get<StoreUnavailable>(result.error()).in_doubt);
  CHECK_FALSE(Has(f.store->Reader(), "b"));
  // To a reader of the log it holds all of the commit.
  CHECK(Has(f.AfterACrash()->Reader(), "b"));
}

TEST_CASE("a commit that could not be written never happened, and the next one may try again") {
  Fixture f;
  f.disk.error = ENOSPC;
  f.disk.fail_writes = 1;
  const CommitResult result = f.CommitOf("b", 2);
  CHECK(result.kind == CommitResult::Kind::kFailed);
  CHECK(result.reason == "the disk of the store is full");
  CHECK_FALSE(Has(f.store->Reader(), "b"));
  CHECK_FALSE(Has(f.AfterACrash()->Reader(), "b"));
  CHECK(f.CommitOf("b", 3).committed());
  CHECK(Has(f.AfterACrash()->Reader(), "b"));
}

TEST_CASE("after maintenance, whether it failed or not, a commit waits for the disk again") {
  Fixture f;
  for (int i = 0; i < 200; ++i) {
    Beat(f.store->Begin(), "a", At(2 + i));
    CommitAt(*f.store, At(2 + i));
  }
  const bool maintenance_fails = GENERATE(false, true);
  f.disk.fail_writes = maintenance_fails ? 1 : 0;
  f.store->Maintain(absl::InfiniteDuration());
  f.disk.fail_writes = 0;
  const int before = f.disk.syncs;
  REQUIRE(f.CommitOf("b", 1000).committed());
  CHECK(f.disk.syncs > before);
}

}  // namespace
}  // namespace muster

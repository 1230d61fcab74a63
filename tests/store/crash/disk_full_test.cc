// A full disk: commits are refused with a reason, reads go on, writes resume when there is room, and nothing
// is damaged.
#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "store/crash/life.h"
#include "store/crash/small_disk.h"
#include "store/temp_directory.h"
#include "tests/catch.h"
#include "tests/store/test_runtime.h"

namespace muster::testing {
namespace {

std::unique_ptr<Store> Open(const std::string& database) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenTestStore("sqlite:" + database, LifeOptions());
  INFO(store.status());
  REQUIRE(store.ok());
  return *std::move(store);
}

// Commits batches until a commit is refused, and returns the reason.
StoreUnavailable LiveUntilRefused(Store& store, std::int64_t& batches) {
  for (int i = 0; i < 100'000; ++i) {
    const CommitResult lived = LiveOneBatch(store, batches + 1);
    store.Maintain(absl::Microseconds(100));
    if (!lived.committed()) return std::get<StoreUnavailable>(lived.error());
    ++batches;
  }
  FAIL("the disk does not get full");
  return {};
}

void CheckFullAndFreeAgain(const std::string& database, const std::function<void()>& fill,
                           const std::function<void()>& make_room) {
  std::int64_t batches = 0;
  {
    const std::unique_ptr<Store> store = Open(database);
    while (batches < 50) REQUIRE(LiveOneBatch(*store, ++batches).committed());
    for (int round = 0; round < 3; ++round) {
      CAPTURE(round);
      fill();
      CHECK(LiveUntilRefused(*store, batches).reason == "the disk of the store is full");
      CHECK(WhatIsWrong(*store, batches) == "");  // reads go on, and show nothing of the refused batch
      for (int i = 0; i < 20; ++i) {              // many refusals do no harm either
        store->Maintain(absl::Milliseconds(1));
        if (LiveOneBatch(*store, batches + 1).committed()) ++batches;
      }
      CHECK(WhatIsWrong(*store, batches) == "");

      make_room();
      for (int i = 0; i < 50; ++i) {
        REQUIRE(LiveOneBatch(*store, ++batches).committed());  // at once, without any other action
        store->Maintain(absl::Milliseconds(1));
      }
      CHECK(WhatIsWrong(*store, batches) == "");
    }
    fill();
    (void)LiveUntilRefused(*store, batches);
  }  // closed while full
  make_room();
  {
    const std::unique_ptr<Store> store = Open(database);
    CHECK(BatchesIn(*store) == batches);
    CHECK(WhatIsWrong(*store, batches) == "");
  }
  CHECK(IntegrityOf(database) == "ok");
}

TEST_CASE("a full disk refuses commits and nothing else") {
  const TempDirectory directory;
  std::string why_not;
  const std::optional<SmallDisk> disk = SmallDisk::Mount(directory.path(), 8, &why_not);
  if (!disk) {
    WARN("skipped: no small disk can be mounted here: " << why_not);
    return;
  }
  CheckFullAndFreeAgain(
      directory / "roll.db", [&] { disk->Fill(); }, [&] { disk->MakeRoom(); });
}

TEST_CASE("a limit on the size of files is a full disk") {
  const TempDirectory directory;
  rlimit before = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const auto limit = [&](rlim_t bytes) {
    const rlimit soft{.rlim_cur = bytes, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &soft) == 0);
  };
  CheckFullAndFreeAgain(
      directory / "roll.db", [&] { limit(128 * 1024); }, [&] { limit(before.rlim_cur); });
}

}  // namespace
}  // namespace muster::testing

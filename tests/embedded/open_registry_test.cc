// The C++ API: opening, reopening, and threads.
#include "muster/open_registry.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "runtime/manual_clock.h"
#include "tests/catch.h"
#include "tests/embedded/open.h"
#include "tests/store/temp_directory.h"

namespace muster {
namespace {

using testing::BeatOf;
using testing::NewWorker;
using testing::Open;

TEST_CASE("what cannot be opened is an error that says why") {
  for (const std::string_view spec : {"", "memory", "sqlite:", "workers.db", "mysql://host/db"}) {
    const auto opened = OpenRegistry(spec);
    CHECK(absl::IsInvalidArgument(opened.status()));
  }
  CHECK_FALSE(OpenRegistry("sqlite:/no/such/directory/workers.db").ok());
  RegistryOptions options;
  options.history = 0;
  CHECK(absl::IsInvalidArgument(OpenRegistry("memory:", options).status()));
  options = {};
  options.settings.stale_interval = absl::Hours(1);  // longer than the timeout
  CHECK(absl::IsInvalidArgument(OpenRegistry("memory:", options).status()));
  const ManualClock clock;
  options = {};
  options.clock = &clock;
  CHECK(absl::IsInvalidArgument(OpenRegistry("postgresql://nowhere/db", options).status()));
}

TEST_CASE("a file keeps the workers") {
  const testing::TempDirectory directory;
  const std::string spec = absl::StrCat("sqlite:", directory / "workers.db");
  {
    const auto registry = Open(spec);
    REQUIRE(registry->Register(NewWorker("w")).ok());
    REQUIRE(registry->RecordHeartbeat(BeatOf("w")).ok());
  }
  ManualClock clock;
  RegistryOptions options;
  options.clock = &clock;
  for (int heartbeats = 1; heartbeats < 3; ++heartbeats) {  // by hand it is the same
    const auto registry = Open(spec, options);
    const Result<WorkerView> found = registry->Get("w");
    REQUIRE(found.ok());
    CHECK(found->pulse.total == heartbeats);
    REQUIRE(registry->RecordHeartbeat(BeatOf("w")).ok());
  }
}

TEST_CASE("two threads work at once") {
  constexpr int kThreads = 2;
  constexpr int kEach = 200;
  const ManualClock clock;
  for (const bool by_hand : {false, true}) {
    RegistryOptions options;
    if (by_hand) options.clock = &clock;
    const auto registry = Open("memory:", options);
    std::array<int, kThreads> done{};
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < kThreads; ++number) {
      threads.emplace_back([&registry, &mine = done[number], number] {
        for (int i = 0; i < kEach; ++i) {
          const std::string id = absl::StrCat("w", number, "-", i);
          const bool all = registry->Register(NewWorker(id)).ok() &&
                           registry->RecordHeartbeat(BeatOf(id)).ok() && registry->Get(id).ok() &&
                           registry->Count().ok();
          if (all) ++mine;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(done == std::array{kEach, kEach});
    const auto runs = registry->RunAllJobs();
    REQUIRE(runs.ok());
    const auto regions = registry->Count();
    REQUIRE(regions.ok());
    CHECK((*regions)[0].by_status[static_cast<int>(WorkerStatus::kActive)] == kThreads * kEach);
  }
}

}  // namespace
}  // namespace muster

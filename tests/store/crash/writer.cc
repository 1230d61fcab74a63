// The process that the crash test kills. It opens the roll at argv[1] and commits batch after batch until it
// is killed. It reports each acknowledged batch on standard output by its number, eight bytes, as soon as
// Commit has returned.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/crash/life.h"
#include "tests/store/test_runtime.h"

int main(int argc, char** argv) {
  using namespace muster;
  if (argc != 2) return 2;
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenTestStore(std::string("sqlite:") + argv[1], testing::LifeOptions());
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  for (std::int64_t number = testing::BatchesIn(**store) + 1;; ++number) {
    if (!testing::LiveOneBatch(**store, number).committed()) return 1;
    if (::write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return 1;
    // The smallest steps, so that it is also killed in the middle of a fold; and now and then everything at
    // once.
    (*store)->Maintain(number % 50 == 0 ? absl::InfiniteDuration() : absl::ZeroDuration());
  }
}

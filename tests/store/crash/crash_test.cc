// kill -9 at any moment: everything that Commit acknowledged is there afterwards, and each batch is there as
// a whole or not at all. MUSTER_CRASHES says how often it kills (10).
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "store/crash/life.h"
#include "store/temp_directory.h"
#include "tests/catch.h"
#include "tests/store/test_runtime.h"

namespace muster::testing {
namespace {

int Crashes() {
  const char* text = std::getenv("MUSTER_CRASHES");
  int crashes = 0;
  return text != nullptr && absl::SimpleAtoi(text, &crashes) ? crashes : 10;
}

class Writer {
 public:
  explicit Writer(const std::string& database) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(MUSTER_CRASH_WRITER, MUSTER_CRASH_WRITER, database.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    if (process_ > 0) Kill();
    ::close(reports_);
  }

  /// The next batch that was acknowledged; 0 if none came in time, or the writer has ended.
  std::int64_t NextReport(std::chrono::nanoseconds patience) {
    pollfd waiting{.fd = reports_, .events = POLLIN, .revents = 0};
    const timespec time{.tv_sec = patience.count() / 1'000'000'000,
                        .tv_nsec = patience.count() % 1'000'000'000};
    std::int64_t number = 0;
    if (::ppoll(&waiting, 1, &time, nullptr) != 1) return 0;
    return ::read(reports_, &number, sizeof number) == sizeof number ? number : 0;
  }

  void Kill() {
    ::kill(process_, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(process_, &status, 0) == process_);
    process_ = 0;
    CHECK(WIFSIGNALED(status));  // otherwise it ended by itself
  }

 private:
  pid_t process_ = 0;
  int reports_ = -1;
};

TEST_CASE("everything that was acknowledged survives kill -9") {
  const TempDirectory directory;
  const std::string database = directory / "roll.db";
  const std::uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::int64_t acknowledged = 0;
  for (int crash = 0; crash < Crashes(); ++crash) {
    CAPTURE(crash);
    {
      Writer writer(database);
      // Every third one is killed early: while it opens, migrates or recovers.
      const std::uint64_t batches = crash % 3 == 2 ? 0 : random() % 200;
      for (std::uint64_t i = 0; i < batches; ++i) {
        const std::int64_t reported = writer.NextReport(std::chrono::seconds(20));
        REQUIRE(reported == acknowledged + 1);
        acknowledged = reported;
      }
      // And not right after a report, but at any moment between two reports.
      const std::chrono::microseconds patience(random() % (batches == 0 ? 30'000 : 1'000));
      if (const std::int64_t reported = writer.NextReport(patience); reported != 0) acknowledged = reported;
      writer.Kill();
      while (const std::int64_t reported = writer.NextReport(std::chrono::nanoseconds(0)))
        acknowledged = reported;
    }
    {
      const absl::StatusOr<std::unique_ptr<Store>> store = OpenTestStore("sqlite:" + database, LifeOptions());
      INFO(store.status());
      REQUIRE(store.ok());
      const std::int64_t there = BatchesIn(**store);
      // The last batch may have been committed just before it could be reported.
      REQUIRE(there >= acknowledged);
      REQUIRE(there <= acknowledged + 1);
      REQUIRE(WhatIsWrong(**store, there) == "");
      acknowledged = there;
    }
    REQUIRE(IntegrityOf(database) == "ok");
  }
  CHECK(acknowledged > 0);
}

}  // namespace
}  // namespace muster::testing

// The log on descriptors that block, break and fill up.
#include "runtime/log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "runtime/health_metrics.h"
#include "runtime/manual_clock.h"
#include "runtime/real_clock.h"
#include "tests/catch.h"

namespace muster {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);
constexpr LogLimit kNoLimit = {1'000'000, absl::Microseconds(1)};

// A pipe that holds one page.
class Pipe {
 public:
  Pipe() {
    REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
    REQUIRE(::fcntl(ends_[1], F_SETPIPE_SZ, 4096) == 4096);
  }
  ~Pipe() {
    CloseReader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  /// Reads lines until one has `last` in it.
  std::vector<std::string> ReadUntil(std::string_view last) {
    std::vector<std::string> lines;
    for (;;) {
      const std::size_t end = rest_.find('\n');
      if (end == std::string::npos) {
        char bytes[4096];
        const ssize_t got = ::read(ends_[0], bytes, sizeof bytes);
        REQUIRE(got > 0);
        rest_.append(bytes, static_cast<std::size_t>(got));
        continue;
      }
      lines.push_back(rest_.substr(0, end));
      rest_.erase(0, end + 1);
      if (lines.back().find(last) != std::string::npos) return lines;
    }
  }

 private:
  int ends_[2] = {-1, -1};
  std::string rest_;
};

struct Fixture {
  RealClock clock;
  std::atomic<LogFormat> format = LogFormat::kText;
  Pipe pipe;
  LogWriter log{pipe.writer(), format, clock};

  void Say(LogLevel level, std::string_view message, std::vector<LogField> fields = {}) {
    log.Say(level, message, fields, kNoLimit);
  }
  // A writer waits for its thread, so the thread must not be stuck.
  ~Fixture() { pipe.CloseReader(); }
};

std::int64_t Lost(LogLoss cause, LogLevel level) {
  return log_lines_lost.value(cause, level);
}

TEST_CASE("no thread runs before the first line; then lines come out whole and in order") {
  Fixture f;
  CHECK_FALSE(f.log.started());
  CHECK(f.log.Flush(kLong));
  for (int i = 0; i < 10; ++i) f.Say(LogLevel::kInfo, "line", {{"n", std::to_string(i)}});
  CHECK(f.log.started());
  CHECK(f.log.Flush(kLong));
  const std::vector<std::string> lines = f.pipe.ReadUntil("n=9");
  REQUIRE(lines.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(lines[i].find("INFO  line n=" + std::to_string(i)) != std::string::npos);
  }
}

TEST_CASE(
    "a reader that has stalled holds nobody up; what was dropped is counted and told when it reads again") {
  Fixture f;
  f.format = LogFormat::kJson;
  const std::int64_t infos = Lost(LogLoss::kQueueFull, LogLevel::kInfo);
  const std::int64_t errors = Lost(LogLoss::kQueueFull, LogLevel::kError);
  constexpr int kSaid = 10'000;
  for (int i = 0; i < kSaid; ++i) f.Say(LogLevel::kInfo, "line");
  CHECK_FALSE(f.log.Flush(absl::Milliseconds(20)));
  for (int i = 0; i < kSaid; ++i) f.Say(LogLevel::kInfo, "line");
  // A flood of what is not important leaves room for what is.
  f.Say(LogLevel::kError, "the store is away");
  CHECK(Lost(LogLoss::kQueueFull, LogLevel::kError) == errors);
  for (int i = 0; i < kSaid; ++i) f.Say(LogLevel::kError, "store");
  const std::int64_t lost_infos = Lost(LogLoss::kQueueFull, LogLevel::kInfo) - infos;
  const std::int64_t lost_errors = Lost(LogLoss::kQueueFull, LogLevel::kError) - errors;
  CHECK(lost_infos >= kSaid);
  CHECK(lost_errors >= kSaid - static_cast<int>(LogWriter::kMaxLines));

  std::int64_t told_infos = 0;
  std::int64_t told_errors = 0;
  std::int64_t written = 0;
  bool important = false;
  while (told_infos + told_errors < lost_infos + lost_errors) {
    const auto line = nlohmann::json::parse(f.pipe.ReadUntil("{").back());
    important = important || line["message"] == "the store is away";
    if (line["message"] != "lines of the log were dropped") {
      ++written;
      continue;
    }
    CHECK(line["level"] == "warn");
    told_infos += std::stoi(line["info"].get<std::string>());
    told_errors += std::stoi(line["error"].get<std::string>());
  }
  CHECK(important);
  CHECK(told_infos == lost_infos);
  CHECK(told_errors == lost_errors);
  CHECK(written == 3 * kSaid + 1 - lost_infos - lost_errors);
  // There is room again, and it is told once.
  f.Say(LogLevel::kInfo, "after");
  CHECK(f.log.Flush(kLong));
  f.Say(LogLevel::kInfo, "last");
  CHECK(f.pipe.ReadUntil("last").size() == 2);
}

TEST_CASE("long lines do not make the queue large: it is bounded in bytes too") {
  Fixture f;
  const std::int64_t before = Lost(LogLoss::kQueueFull, LogLevel::kWarning);
  const int fit = static_cast<int>(LogWriter::kMaxBytes / 2'000);
  for (int i = 0; i < 10 * fit; ++i) f.Say(LogLevel::kWarning, "long", {{"x", std::string(5'000, 'x')}});
  CHECK(Lost(LogLoss::kQueueFull, LogLevel::kWarning) - before >= 8 * fit);
}

TEST_CASE(
    "a closed pipe ends nothing; the loss is counted, and told with its cause when a write works again") {
  Fixture f;
  std::signal(SIGPIPE, SIG_DFL);
  const std::int64_t before = Lost(LogLoss::kWriteFailed, LogLevel::kInfo);
  f.pipe.CloseReader();
  for (int i = 0; i < 5; ++i) f.Say(LogLevel::kInfo, "line");
  CHECK(f.log.Flush(kLong));
  CHECK(Lost(LogLoss::kWriteFailed, LogLevel::kInfo) - before == 5);

  Pipe other;
  REQUIRE(::dup2(other.writer(), f.pipe.writer()) >= 0);
  f.Say(LogLevel::kInfo, "after");
  const std::vector<std::string> lines = other.ReadUntil("dropped");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("after") != std::string::npos);
  CHECK(lines[1].find(R"(because="it could not be written: Broken pipe" lines=5)") != std::string::npos);
}

TEST_CASE("a full disk and a closed descriptor are losses too") {
  RealClock clock;
  std::atomic<LogFormat> format = LogFormat::kText;
  const std::int64_t before = Lost(LogLoss::kWriteFailed, LogLevel::kInfo);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  {
    LogWriter log(full, format, clock);
    log.Say(LogLevel::kInfo, "line", {}, kNoLimit);
    CHECK(log.Flush(kLong));
    CHECK(Lost(LogLoss::kWriteFailed, LogLevel::kInfo) - before == 1);
  }
  ::close(full);
  LogWriter log(full, format, clock);
  log.Say(LogLevel::kInfo, "line", {}, kNoLimit);
  CHECK(log.Flush(kLong));
  CHECK(Lost(LogLoss::kWriteFailed, LogLevel::kInfo) - before == 2);
}

TEST_CASE("a pipe that another process made non-blocking loses no line") {
  Fixture f;
  REQUIRE(::fcntl(f.pipe.writer(), F_SETFL, O_NONBLOCK) == 0);
  for (int i = 0; i < 1'000; ++i) f.Say(LogLevel::kInfo, "line", {{"n", std::to_string(i)}});
  CHECK(f.pipe.ReadUntil("n=999").size() == 1'000);
}

TEST_CASE("a source that floods is cut short, the others are heard, and the rest is told with a count") {
  Fixture f;
  const LogLimit tight = {10, absl::Hours(1)};
  const std::int64_t before = Lost(LogLoss::kSource, LogLevel::kWarning);
  for (int i = 0; i < 1'000; ++i) f.log.Say(LogLevel::kWarning, "grpc", {}, tight);
  f.log.Say(LogLevel::kWarning, "another", {}, tight);
  CHECK(Lost(LogLoss::kSource, LogLevel::kWarning) - before == 990);
  CHECK(f.log.Flush(kLong));
  const std::vector<std::string> lines = f.pipe.ReadUntil("left out");
  CHECK(lines.size() == 12);
  CHECK(lines[10].find("another") != std::string::npos);
  CHECK(lines[11].find("message=grpc lines=990") != std::string::npos);
}

TEST_CASE("what was left out is told ten seconds later, though nobody logs anything then") {
  std::atomic<LogFormat> format = LogFormat::kText;
  Pipe pipe;
  ManualClock clock;
  LogWriter log(pipe.writer(), format, clock);
  const LogLimit tight = {1, absl::Hours(1)};
  for (int i = 0; i < 3; ++i) log.Say(LogLevel::kInfo, "a", {}, tight);
  CHECK(pipe.ReadUntil("INFO").size() == 1);
  clock.Advance(LogWriter::kTellEvery);
  log.Say(LogLevel::kInfo, "b", {}, tight);
  const std::vector<std::string> lines = pipe.ReadUntil("left out");
  CHECK(lines.size() == 2);
  CHECK(lines.back().find("message=a lines=2") != std::string::npos);
}

TEST_CASE("threads that log lose nothing while somebody reads") {
  Fixture f;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&f, i] {
      for (int n = 0; n < 100; ++n) {
        f.Say(LogLevel::kInfo, "line", {{"of", std::to_string(i)}, {"n", std::to_string(n)}});
      }
    });
  }
  int seen = 0;
  std::vector<int> next(4, 0);
  for (std::string line; seen < 400; ++seen) {
    line = f.pipe.ReadUntil("of=").back();
    const auto of = static_cast<std::size_t>(line[line.find("of=") + 3] - '0');
    CHECK(line.substr(line.find("n=", line.find("of=")) + 2) == std::to_string(next[of]++));
  }
  for (std::thread& each : threads) each.join();
}

}  // namespace
}  // namespace muster

#include "runtime/log.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/check.h"
#include "tests/catch.h"
#include "tests/death.h"

namespace muster {
namespace {

const absl::Time kAt = absl::FromUnixMicros(1'795'536'000'123'456);

std::string Line(LogFormat format, const std::vector<LogField>& fields,
                 std::string_view message = "serving") {
  return LogLine(format, LogLevel::kInfo, kAt, message, fields);
}

TEST_CASE("a line of text") {
  CHECK(Line(LogFormat::kText, {{"grpc", "127.0.0.1:50051"}, {"workers", "3"}}) ==
        "2026-11-24T16:00:00.123456Z INFO  serving grpc=127.0.0.1:50051 workers=3");
  CHECK(LogLine(LogFormat::kText, LogLevel::kWarning, kAt, "slow", {}) ==
        "2026-11-24T16:00:00.123456Z WARN  slow");
}

TEST_CASE("a line of JSON") {
  CHECK(
      Line(LogFormat::kJson, {{"grpc", "127.0.0.1:50051"}, {"workers", "3"}}) ==
      R"({"time":"2026-11-24T16:00:00.123456Z","level":"info","message":"serving","grpc":"127.0.0.1:50051","workers":"3"})");
}

TEST_CASE("a client's text cannot forge a line, a field, or a terminal's colour") {
  struct Case {
    std::string value;
    std::string shown;
  };
  const Case cases[] = {
      {"a\n2026-11-24T16:00:00Z INFO  forged", R"("a\n2026-11-24T16:00:00Z INFO  forged")"},
      {"x admin=true", R"("x admin=true")"},
      {"x=1", R"("x=1")"},
      {"\"", R"("\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"", R"("")"},
      {"\x1b[31mred", R"("\u001b[31mred")"},
      {std::string("nul\0l", 5), R"("nul\u0000l")"},
      {"\xc2\x9b"
       "31m",
       R"("\u009b31m")"},
      {"line\xe2\x80\xa8separator", R"("line\u2028separator")"},
      {"\xe2\x80\xaetfel", R"("\u202etfel")"},
      {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
      {"not\xffutf8", "\"not\xef\xbf\xbdutf8\""},
      {"cut\xe2\x80", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
      {"overlong\xc0\xaf", "\"overlong\xef\xbf\xbd\xef\xbf\xbd\""},
      {"surrogate\xed\xa0\x80", "\"surrogate\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  const std::string start = "2026-11-24T16:00:00.123456Z INFO  serving reason=";
  for (const Case& c : cases) {
    CAPTURE(c.shown);
    CHECK(Line(LogFormat::kText, {{"reason", c.value}}) == start + c.shown);
  }
}

TEST_CASE("JSON is valid for any bytes, and gives back any UTF-8") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second), 'x'};
      const std::string line = Line(LogFormat::kJson, {{"value", bytes}}, bytes);
      const auto json = nlohmann::json::parse(line, nullptr, false);
      REQUIRE_FALSE(json.is_discarded());
      if (first < 0x80 && second < 0x80) {
        REQUIRE(json["value"] == bytes);
        REQUIRE(json["message"] == bytes);
      }
      for (const char c : line) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    }
  }
  const std::string text = "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xe2\x82\xac";
  CHECK(nlohmann::json::parse(Line(LogFormat::kJson, {{"value", text}}))["value"] == text);
}

TEST_CASE("however long a text is, the line has a limit, says how much was cut, and stays valid") {
  for (const std::string& text :
       {std::string(100'000, 'x'), std::string(100'000, '\x1b'), std::string(5'000, '\xff')}) {
    const std::string line = Line(LogFormat::kText, {{"value", text}, {"after", "here"}});
    CHECK(line.size() < kMaxLogLine);
    CHECK(line.find(" bytes cut]\" after=here") != std::string::npos);
  }
  std::string euros;  // three bytes each
  for (int i = 0; i < 2'000; ++i) euros += "\xe2\x82\xac";
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const std::string text = std::string(shift, 'x') + euros;
    const auto json = nlohmann::json::parse(Line(LogFormat::kJson, {{"value", text}}));
    const std::string value = json["value"];
    const std::size_t kept = value.find("...[");
    REQUIRE(kept != std::string::npos);
    CHECK(kept > kMaxLogValue - 8);
    CHECK(value.substr(0, kept) == text.substr(0, kept));
    CHECK(value.substr(kept) == "...[" + std::to_string(text.size() - kept) + " bytes cut]");
  }
  CHECK(Line(LogFormat::kText, {{"value", std::string(kMaxLogValue, 'x')}}).find("cut") == std::string::npos);
}

TEST_CASE("however many fields there are, the line has a limit and is valid JSON") {
  std::vector<LogField> fields;
  for (int i = 0; i < 1'000; ++i) {
    fields.emplace_back("a_name_of_a_field", std::string(static_cast<std::size_t>(i) * 10, '"'));
    const std::string line = Line(LogFormat::kJson, fields, std::string(9'999, '\n'));
    REQUIRE(line.size() < kMaxLogLine);
    REQUIRE_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded());
    REQUIRE(Line(LogFormat::kText, fields).size() < kMaxLogLine);
  }
}

#if !defined(__SANITIZE_THREAD__)  // which wants no new thread after a fork
// What a child says that logs a line and then does `act`.
testing::Death Logged(void (*act)()) {
  return testing::DeathOf([act] {
    Log(LogLevel::kInfo, "before");
    act();
  });
}

TEST_CASE("what waits is written before a failed check ends the process") {
  const testing::Death death = Logged([] { MUSTER_CHECK(false, "it holds"); });
  CHECK(death.signal == SIGABRT);
  const std::size_t check = death.said.find("\ncheck failed at runtime/log_test.cc:");
  REQUIRE(check != std::string::npos);
  CHECK(death.said.find("INFO  before") < check);
  CHECK(death.said.find("false: it holds\n") == death.said.size() - 16);
}

TEST_CASE("a failed check ends the process even if whoever reads the log has stalled") {
  const testing::Death death = testing::DeathOf([] {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) ::_exit(1);
    for (int i = 0; i < 1'000; ++i) {
      Log(LogLevel::kInfo, "line", {{"x", std::string(1'000, 'x')}}, {1'000, absl::Seconds(1)});
    }
    MUSTER_CHECK(false, "it holds");
  });
  CHECK(death.signal == SIGABRT);
}

TEST_CASE("what waits is written before exit; a forked child has a log of its own") {
  const testing::Death death = Logged([] {
    const pid_t child = ::fork();
    if (child == 0) {
      Log(LogLevel::kInfo, "in the child");
      std::exit(0);
    }
    int status = 0;
    (void)::waitpid(child, &status, 0);
    Log(LogLevel::kInfo, "after", {{"status", std::to_string(status)}});
    std::exit(0);
  });
  CHECK(death.signal == 0);
  for (const char* line : {"INFO  before\n", "INFO  in the child\n", "INFO  after status=0\n"}) {
    const std::size_t at = death.said.find(line);
    REQUIRE(at != std::string::npos);
    CHECK(death.said.find(line, at + 1) == std::string::npos);
  }
}
#endif

}  // namespace
}  // namespace muster

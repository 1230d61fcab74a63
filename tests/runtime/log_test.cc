#include "runtime/log.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/catch.h"

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

}  // namespace
}  // namespace muster

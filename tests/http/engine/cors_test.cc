#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

std::string Ask(std::string_view method, std::string_view target, std::string_view headers) {
  return absl::StrCat(std::string(method), " ", std::string(target), " HTTP/1.1\r\nHost: h\r\n",
                      std::string(headers), "\r\n");
}

constexpr std::string_view kPreflight =
    "Origin: https://ops.example\r\nAccess-Control-Request-Method: PUT\r\n";

TEST_CASE("Without CORS, the handler answers OPTIONS, and no answer has headers about origins") {
  EchoServer echo;
  const RawAnswer answer = echo.Ask(Ask("OPTIONS", "/a", kPreflight));
  CHECK(answer.body == "OPTIONS\n/a\n");
  CHECK(answer.Header("Vary").empty());
  CHECK(answer.Header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("A preflight from an allowed origin is answered") {
  EchoServer echo({}, {"https://other.example", "https://ops.example"});
  const RawAnswer answer = echo.Ask(Ask("OPTIONS", "/a", kPreflight));
  CHECK(answer.status == 204);
  CHECK(answer.Header("Access-Control-Allow-Origin") == "https://ops.example");
  CHECK(answer.Header("Access-Control-Allow-Methods") == "GET, HEAD, PUT, OPTIONS");
  CHECK(answer.Header("Access-Control-Allow-Headers").find("If-Match") != std::string::npos);
  CHECK(answer.Header("Access-Control-Max-Age") == "600");
  CHECK(answer.Header("Vary") == "Origin");
  // If there is no such path, the handler says so.
  CHECK(echo.Ask(Ask("OPTIONS", "/nowhere", kPreflight)).body == "OPTIONS\n/nowhere\n");
}

TEST_CASE("Scripts of an allowed origin may read answers and refusals; other scripts may not") {
  EchoServer echo({}, {"https://ops.example"});
  const RawAnswer allowed = echo.Ask(Ask("GET", "/a", "Origin: https://ops.example\r\n"));
  CHECK(allowed.Header("Access-Control-Allow-Origin") == "https://ops.example");
  CHECK(allowed.Header("Access-Control-Expose-Headers") == "ETag, Location, X-Request-Id");
  CHECK(echo.Ask(Ask("GET", "/%", "Origin: https://ops.example\r\n")).Header("Access-Control-Allow-Origin") ==
        "https://ops.example");
  for (const char* origin : {"Origin: https://ops.example.evil\r\n", "Origin: http://ops.example\r\n",
                             "Origin: null\r\n", "Origin:\r\n", ""}) {
    INFO(origin);
    const RawAnswer refused = echo.Ask(Ask("GET", "/a", origin));
    CHECK(refused.status == 200);
    CHECK(refused.Header("Access-Control-Allow-Origin").empty());
    CHECK(refused.Header("Vary") == "Origin");
  }
  const std::string foreign = "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n";
  CHECK(echo.Ask(Ask("OPTIONS", "/a", foreign)).body == "OPTIONS\n/a\n");
}

TEST_CASE("All origins may be allowed") {
  EchoServer echo({}, {"*"});
  const RawAnswer answer = echo.Ask(Ask("GET", "/a", "Origin: https://any.example\r\n"));
  CHECK(answer.Header("Access-Control-Allow-Origin") == "*");
  CHECK(answer.Header("Vary").empty());
  CHECK(echo.Ask(Ask("OPTIONS", "/a", kPreflight)).status == 204);
}

}  // namespace
}  // namespace muster::http
